import { applyDecorators } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import { Malformed, Problem } from '#kernel';
import type { FieldFault } from '#kernel';
import { normalizeCode } from '../tables/form.js';
import type { CodeValue } from './rule.js';

/** More codes than the form ever had. */
export const MAX_CODES = 500;
export const MAX_CODE_VALUE = 1_000_000_000_000_000;
const MAX_TEXT = 200;

/** The JSON schema of a map of codes. */
export const CODES_SCHEMA = {
  type: 'object' as const,
  maxProperties: MAX_CODES,
  description: 'by code, leading zeros or not: {"538": 190000, "115": 0.125}',
  additionalProperties: {
    oneOf: [
      { type: 'number' as const, minimum: -MAX_CODE_VALUE, maximum: MAX_CODE_VALUE },
      { type: 'string' as const, maxLength: MAX_TEXT },
      { type: 'null' as const },
    ],
  },
  example: { '151': 12_000 },
};

/** A body that is a map of codes; read with {@link readCodes}. */
export function TakesCodes(): MethodDecorator {
  return applyDecorators(ApiBody({ schema: CODES_SCHEMA }));
}

/**
 * Reads a map of codes, `{"062": 100}`.
 *
 * @param field what faults are called after
 * @returns values by code without leading zeros; null takes a typed value back
 * @throws Problem Malformed with every fault
 */
export function readCodes(input: unknown, field: string): Map<string, CodeValue | null> {
  const faults: FieldFault[] = [];
  const codes = new Map<string, CodeValue | null>();
  const fault = (name: string, es: string, en: string): void => {
    faults.push({ field: `${field}.${name.slice(0, 20)}`, es, en });
  };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const fit = { es: 'debe ser un objeto por código', en: 'must be an object by code' };
    throw new Problem(Malformed, { faults: [{ field, ...fit }] });
  }
  const entries = Object.entries(input);
  if (entries.length > MAX_CODES) {
    const fit = {
      es: `lleva a lo más ${MAX_CODES} códigos`,
      en: `takes at most ${MAX_CODES} codes`,
    };
    throw new Problem(Malformed, { faults: [{ field, ...fit }] });
  }
  for (const [name, value] of entries) {
    const code = normalizeCode(name);
    if (code === null) fault(name, 'no es un código del formulario', 'is no code of the form');
    else if (codes.has(code)) fault(name, 'viene dos veces', 'comes twice');
    else if (!isCodeValue(value)) {
      fault(name, 'debe ser un número o un texto corto', 'must be a number or a short text');
    } else codes.set(code, value);
  }
  if (faults.length > 0) throw new Problem(Malformed, { faults: faults.slice(0, 50) });
  return codes;
}

function isCodeValue(value: unknown): value is CodeValue | null {
  if (value === null) return true;
  if (typeof value === 'number') return Math.abs(value) <= MAX_CODE_VALUE;
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

/** A code of an address. @throws Problem Malformed for what is no code of any form */
export function demandCode(text: string): string {
  const code = normalizeCode(text);
  if (code !== null) return code;
  const [es, en] = ['no es un código del formulario', 'is no code of the form'];
  throw new Problem(Malformed, { faults: [{ field: 'code', es, en }] });
}
