import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiQuery, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ApiResponseSchemaHost } from '@nestjs/swagger';
import type { ListDefinition } from '../access/list.js';
import { DEFAULT_LIMIT, isOrdered, MAX_CURSOR, MAX_LIMIT } from '../access/list.js';
import type { FilterKind } from '../access/list.js';
import type { CompanyRow } from '../database/entity.js';
import { Sensitive } from '../throttle/sensitive.js';
import type { ProblemDefinition } from './problem.js';
import { IF_MATCH } from './if-match.js';
import { OutOfRange } from './problems.js';
import { STORABLE } from './text-check.js';

export const PROBLEMS = 'ofitec:problems';
export const EDITS = 'ofitec:edits';
export const LIST = 'ofitec:list';

/** A verb or lookup: what it answers with status 200, and what can go wrong. */
export function Answers(view: Type, ...problems: ProblemDefinition[]): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    ApiResponse({ status: 200, type: view }),
    SetMetadata(PROBLEMS, problems),
  );
}

/** A create: answers 201. */
export function Creates(view: Type, ...problems: ProblemDefinition[]): MethodDecorator {
  return applyDecorators(
    HttpCode(201),
    ApiResponse({ status: 201, type: view }),
    SetMetadata(PROBLEMS, problems),
  );
}

/** A PATCH or PUT: answers 200 and demands `If-Match`. */
export function Edits(view: Type, ...problems: ProblemDefinition[]): MethodDecorator {
  return applyDecorators(
    Answers(view, ...problems),
    SetMetadata(EDITS, true),
    ApiHeader({
      name: 'If-Match',
      required: true,
      description: 'The ETag that the last read of the record gave.',
      schema: { type: 'string', pattern: IF_MATCH.source, examples: ['"1"'] },
    }),
  );
}

/** A document of another media type than JSON. */
export function AnswersFile(mediaType: string, ...problems: ProblemDefinition[]): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    ApiResponse({ status: 200, content: { [mediaType]: { schema: schemaOf(mediaType) } } }),
    SetMetadata(PROBLEMS, problems),
  );
}

/** A file of JSON is a list of records of many kinds; any other is text to who reads the document. */
function schemaOf(mediaType: string): NonNullable<ApiResponseSchemaHost['schema']> {
  if (mediaType !== 'application/json') return { type: 'string' };
  return { type: 'array', items: { type: 'object', additionalProperties: true } };
}

/** Nothing to say: 204. */
export function AnswersNothing(...problems: ProblemDefinition[]): MethodDecorator {
  return applyDecorators(
    HttpCode(204),
    ApiResponse({ status: 204, description: 'done' }),
    SetMetadata(PROBLEMS, problems),
  );
}

/**
 * A keyset-paged list: documents its filters, sorts and cursor.
 *
 * @param head what stands beside `items` and `next` in the same answer, where something does
 */
export function Lists<E extends CompanyRow>(
  view: Type,
  list: ListDefinition<E>,
  head?: Type,
): MethodDecorator {
  const filters = Object.entries(list.filters) as [string, FilterKind][];
  const page = pageSchema(view);
  return applyDecorators(
    HttpCode(200),
    ApiExtraModels(view, ...(head ? [head] : [])),
    ApiResponse({
      status: 200,
      schema: head ? { allOf: [{ $ref: getSchemaPath(head) }, page] } : page,
    }),
    ApiQuery({
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
    }),
    ApiQuery({ name: 'after', required: false, schema: { type: 'string', maxLength: MAX_CURSOR } }),
    ApiQuery({
      name: 'sort',
      required: false,
      schema: {
        type: 'string',
        enum: list.sorts.flatMap((sort) => [sort, `-${sort}`]),
        default: list.sort,
      },
    }),
    ...filters.flatMap(([name, kind]) => filterParameters(name, kind)),
    SetMetadata(PROBLEMS, [OutOfRange]),
    SetMetadata(LIST, list),
  );
}

/** A download of a whole list in one of some formats; the same filters, no pages. Sensitive. */
export function Exports<E extends CompanyRow>(
  list: ListDefinition<E>,
  formats: Readonly<Record<string, string>>,
): MethodDecorator {
  const filters = Object.entries(list.filters) as [string, FilterKind][];
  const content = Object.values(formats).map((type) => [type, { schema: { type: 'string' } }]);
  return applyDecorators(
    Sensitive(),
    HttpCode(200),
    ApiResponse({ status: 200, content: Object.fromEntries(content) as never }),
    ApiQuery({
      name: 'format',
      required: true,
      schema: { type: 'string', enum: Object.keys(formats) },
    }),
    ...filters.flatMap(([name, kind]) => filterParameters(name, kind)),
    SetMetadata(PROBLEMS, [OutOfRange]),
  );
}

function pageSchema(view: Type): object {
  return {
    type: 'object',
    required: ['items', 'next'],
    properties: {
      items: { type: 'array', items: { $ref: getSchemaPath(view) } },
      next: { type: ['string', 'null'], description: 'cursor of the next page' },
    },
  };
}

function filterParameters(name: string, kind: FilterKind): MethodDecorator[] {
  const names = isOrdered(kind)
    ? [name, ...['gt', 'gte', 'lt', 'lte'].map((operator) => `${name}.${operator}`)]
    : [name];
  return names.map((parameter) =>
    ApiQuery({ name: parameter, required: false, schema: filterSchema(kind) as never }),
  );
}

function filterSchema(kind: FilterKind): object {
  if (Array.isArray(kind)) return { type: 'string', enum: [...(kind as readonly string[])] };
  const schemas = {
    id: { type: 'string', format: 'uuid' },
    text: { type: 'string', maxLength: 200, pattern: STORABLE.source },
    boolean: { type: 'boolean' },
    integer: { type: 'integer', minimum: -999_999_999_999_999, maximum: 999_999_999_999_999 },
    instant: { type: 'string', format: 'date-time' },
    day: { type: 'string', format: 'date' },
  };
  return schemas[kind as keyof typeof schemas];
}
