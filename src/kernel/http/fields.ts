import { applyDecorators } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type as Nested } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
} from 'class-validator';
import type { ValidatorConstraintInterface } from 'class-validator';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../access/list.js';
import { isDay, isInstant } from '../values/business-day.js';
import { MAX_PESOS } from '../values/money.js';
import { normalizeRut } from '../values/rut.js';
import { STORABLE } from './text-check.js';

/**
 * The vocabulary of inputs and views. Each word both checks a field and describes it in the
 * OpenAPI document, and each has a bound, so that the two cannot disagree and nothing is
 * unlimited.
 */
export interface FieldOptions {
  readonly optional?: boolean;
  /** The field may be null; in an edit, null empties it. */
  readonly nullable?: boolean;
  readonly description?: string;
}

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

function field(
  options: FieldOptions,
  schema: ApiPropertyOptions,
  ...checks: PropertyDecorator[]
): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      ...schema,
      required: !options.optional,
      ...(options.nullable ? { nullable: true } : {}),
      ...(options.description ? { description: options.description } : {}),
    } as ApiPropertyOptions),
    ValidateIf((_, value: unknown) => !isLeftOut(value, options)),
    ...checks,
  );
}

/** Absent is not null: a field may be one and not the other. */
function isLeftOut(value: unknown, options: FieldOptions): boolean {
  return (value === undefined && !!options.optional) || (value === null && !!options.nullable);
}

/** A record's id. */
export function IdField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'string', format: 'uuid' }, IsString(), Matches(new RegExp(UUID)));
}

/** Whole pesos, from `min` (0 unless said) to `max` ({@link MAX_PESOS} unless said). */
export function PesosField(
  options: FieldOptions & { min?: number; max?: number } = {},
): PropertyDecorator {
  const { min = 0, max = MAX_PESOS } = options;
  return field(
    { description: 'whole pesos (CLP)', ...options },
    { type: 'integer', format: 'int64', minimum: min, maximum: max },
    IsInt(),
    Min(min),
    Max(max),
  );
}

/** A whole number. */
export function IntegerField(
  options: FieldOptions & { min: number; max: number },
): PropertyDecorator {
  return field(
    options,
    { type: 'integer', minimum: options.min, maximum: options.max },
    IsInt(),
    Min(options.min),
    Max(options.max),
  );
}

/** The size of a page, in an address: 1 to 200. */
export function PageLimitField(): PropertyDecorator {
  return field(
    { optional: true },
    { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value,
    ),
    IsInt(),
    Min(1),
    Max(MAX_LIMIT),
  );
}

/** A number with a fraction, in views. */
export function NumberField(
  options: FieldOptions & { min: number; max: number },
): PropertyDecorator {
  const { min, max } = options;
  const schema = { type: 'number', minimum: min, maximum: max } as const;
  return field(options, schema, Min(min), Max(max));
}

@ValidatorConstraint({ name: 'quantity' })
class IsQuantity implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return (
      typeof value === 'number' &&
      Number.isFinite(value) &&
      Math.abs(Math.round(value * 1000) / 1000 - value) < 1e-9
    );
  }
}

/** A quantity of at most three decimals, more than nothing. */
export function QuantityField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { description: 'units or kilos; at most three decimals', ...options },
    { type: 'number', minimum: 0.001, maximum: 100_000, multipleOf: 0.001 },
    Validate(IsQuantity),
    Min(0.001),
    Max(100_000),
  );
}

/** A text without surrounding blanks. */
export function TextField(
  options: FieldOptions & { max: number; min?: number; pattern?: RegExp },
): PropertyDecorator {
  const min = options.min ?? 1;
  return field(
    options,
    {
      type: 'string',
      minLength: min,
      maxLength: options.max,
      pattern: (options.pattern ?? STORABLE).source,
    },
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.trim() : value,
    ),
    IsString(),
    MinLength(min),
    MaxLength(options.max),
    ...(options.pattern ? [Matches(options.pattern)] : []),
  );
}

/** A text taken to the letter: passwords. */
export function SecretField(options: FieldOptions & { max: number }): PropertyDecorator {
  return field(
    options,
    {
      ...{ type: 'string', format: 'password', pattern: STORABLE.source },
      ...{ minLength: 1, maxLength: options.max },
    },
    IsString(),
    MinLength(1),
    MaxLength(options.max),
  );
}

/** Yes or no. */
export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'boolean' }, IsBoolean());
}

/** One of a closed list of words. */
export function ChoiceField(
  choices: readonly string[],
  options: FieldOptions = {},
): PropertyDecorator {
  return field(options, { type: 'string', enum: [...choices] }, IsIn([...choices]));
}

@ValidatorConstraint({ name: 'instant' })
class IsInstant implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isInstant(value);
  }
}

/** One of a closed list of numbers. */
export function OneOfField(
  numbers: readonly number[],
  options: FieldOptions = {},
): PropertyDecorator {
  return field(options, { type: 'integer', enum: [...numbers] }, IsIn([...numbers]));
}

/** An instant as RFC 3339 writes it, with its offset. */
export function InstantField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'string', format: 'date-time' }, Validate(IsInstant));
}

@ValidatorConstraint({ name: 'day' })
class IsDay implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isDay(value);
  }
}

/** A calendar day, `YYYY-MM-DD`. */
export function DayField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'string', format: 'date' }, Validate(IsDay));
}

@ValidatorConstraint({ name: 'rut' })
class IsRut implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && normalizeRut(value) !== null;
  }
}

/** A RUT with its check character; dots and case do not matter and are not kept. */
export function RutField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    { description: 'RUT with check character, módulo 11', ...options },
    {
      type: 'string',
      minLength: 3,
      maxLength: 13,
      pattern: '^[0-9.]+-?[0-9kK]$',
      examples: ['76123456-0'],
    },
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (normalizeRut(value) ?? value) : value,
    ),
    Validate(IsRut),
  );
}

/** Short words: tags, roles. */
export function WordsField(
  options: FieldOptions & { maxItems: number; max: number; choices?: readonly string[] },
): PropertyDecorator {
  return field(
    options,
    {
      type: 'array',
      maxItems: options.maxItems,
      items: { type: 'string', minLength: 1, maxLength: options.max, pattern: STORABLE.source },
    },
    IsArray(),
    ArrayMaxSize(options.maxItems),
    IsString({ each: true }),
    MinLength(1, { each: true }),
    MaxLength(options.max, { each: true }),
  );
}

/** A list of objects. */
export function ListField(
  type: () => Type,
  options: FieldOptions & { minItems?: number; maxItems: number },
): PropertyDecorator {
  return field(
    options,
    // Swagger resolves a function late only when its name is "type".
    {
      type: () => type(),
      isArray: true,
      minItems: options.minItems ?? 0,
      maxItems: options.maxItems,
    },
    Nested(type),
    IsArray(),
    ArrayMinSize(options.minItems ?? 0),
    ArrayMaxSize(options.maxItems),
    ValidateNested({ each: true }),
  );
}

/** An object inside a view. */
export function ObjectField(type: () => Type, options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: () => type() }, Nested(type), ValidateNested());
}

/** Any JSON value; what it may be is checked where it is used. */
export function JsonField(options: FieldOptions = {}): PropertyDecorator {
  // Swagger takes a list of types for a list of values: each is an alternative of its own.
  const oneOf = ['string', 'number', 'boolean', 'object', 'null'].map((type) => ({ type }));
  const anything = [...oneOf, { type: 'array', items: {} }];
  return field({ ...options, optional: true }, { oneOf: anything }, Allow());
}
