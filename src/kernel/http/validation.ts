import { ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata, Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { Problem } from './problem.js';
import type { FieldFault } from './problem.js';
import { Malformed } from './problems.js';

const MAX_FAULTS = 50;

const STRICT = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
} as const;

/** Checks a body against its input class: nothing unknown, nothing coerced, every fault told. */
export function inputPipe(): ValidationPipe {
  return new InputPipe({ ...STRICT, transform: true, exceptionFactory: problemOf });
}

/** Nest takes a body that was not sent, and a JSON null, for an empty one; here both are faults. */
class InputPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && (value === undefined || value === null)) {
      const fault = { field: 'body', es: 'falta el cuerpo', en: 'the body is missing' };
      throw new Problem(Malformed, { faults: [fault] });
    }
    return (await super.transform(value, metadata)) as unknown;
  }
}

/** The same check for what does not come over HTTP (commands). @throws Problem Malformed */
export function checkInput<T extends object>(input: Type<T>, plain: object): T {
  const checked = plainToInstance(input, plain);
  const errors = validateSync(checked, STRICT);
  if (errors.length > 0) throw problemOf(errors);
  return checked;
}

function problemOf(errors: readonly ValidationError[]): Problem {
  return new Problem(Malformed, { faults: faultsOf(errors, '').slice(0, MAX_FAULTS) });
}

function faultsOf(errors: readonly ValidationError[], path: string): FieldFault[] {
  return errors.flatMap((error) => {
    const field = `${path}${error.property}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      field,
      ...sentence(rule, message),
    }));
    return [...own, ...faultsOf(error.children ?? [], `${field}.`)];
  });
}

const SPANISH: Readonly<Record<string, string>> = {
  whitelistValidation: 'no es un campo conocido',
  isString: 'debe ser un texto',
  isInt: 'debe ser un número entero',
  quantity: 'debe ser un número con tres decimales como máximo',
  isBoolean: 'debe ser true o false',
  isArray: 'debe ser una lista',
  instant: 'debe ser un instante que exista, AAAA-MM-DDThh:mm:ss con zona',
  nestedValidation: 'debe ser un objeto',
  day: 'debe ser un día que exista, AAAA-MM-DD',
  rut: 'no es un RUT con dígito verificador válido',
  matches: 'no tiene la forma esperada',
};

const ENGLISH: Readonly<Record<string, string>> = {
  whitelistValidation: 'is no known field',
  day: 'must be a day that exists, YYYY-MM-DD',
  instant: 'must be an instant that exists, YYYY-MM-DDThh:mm:ss with offset',
  rut: 'is no RUT with a valid check character',
  matches: 'does not have the expected form',
  quantity: 'must be a number with at most three decimals',
};

function sentence(rule: string, message: string): { es: string; en: string } {
  const bound = /(\d[\d.]*)/.exec(message)?.[1] ?? '';
  const words = message.replace(/^(each value in )?\S+ /, '');
  const spanish: Readonly<Record<string, string>> = {
    min: `no puede ser menor que ${bound}`,
    max: `no puede ser mayor que ${bound}`,
    minLength: `debe tener al menos ${bound} caracteres`,
    maxLength: `debe tener como máximo ${bound} caracteres`,
    arrayMinSize: `debe tener al menos ${bound} elementos`,
    arrayMaxSize: `debe tener como máximo ${bound} elementos`,
    isIn: `debe ser uno de: ${words.replace(/^.*values: /, '')}`,
  };
  return {
    es: SPANISH[rule] ?? spanish[rule] ?? 'tiene un valor que no corresponde',
    en: ENGLISH[rule] ?? words,
  };
}
