import { toCsv } from '#kernel';
import { formCode, inFormOrder } from '../tables/form.js';
import type { F29Return, ReturnValue } from './return.entity.js';

/** Whose return a paper is. */
export interface Declarant {
  readonly rut: string;
  readonly name: string;
}

/** Said on every paper: none of them can be uploaded anywhere. */
export const NO_SII_FORMAT =
  'Este archivo es de OFITEC y no es un formato del SII: nadie presenta el Formulario 29 sino en sii.cl.';

/** One code of the return, as papers have it. */
export interface PaperLine extends ReturnValue {
  readonly code: string;
  readonly line: number | null;
  readonly section: string;
  readonly name: string;
}

/** The return's codes in the form's order, with RUT, name and period at the head. */
export function linesOf(declared: F29Return, { rut, name }: Declarant): PaperLine[] {
  const head: Record<string, ReturnValue> = {
    '15': { value: declared.period, origin: 'computed' },
    '3': { value: rut, origin: 'computed' },
    '1': { value: name, origin: 'computed' },
  };
  const codes: Record<string, ReturnValue> = { ...declared.codes, ...head };
  return inFormOrder(Object.keys(codes)).map((code) => {
    const said = formCode(code);
    const { value, origin } = codes[code] ?? { value: '', origin: 'computed' };
    const section = said?.section ?? 'unknown';
    return { code, line: said?.line ?? null, section, name: said?.name ?? '', value, origin };
  });
}

/** `f29-76123456-0-202610`, and `-2` for a rectification. */
export function paperName({ period, revision }: F29Return, { rut }: Declarant): string {
  return `f29-${rut}-${period}${revision === 1 ? '' : `-${revision}`}`;
}

/** The return as a table: a line for each code. */
export function returnCsv(declared: F29Return, declarant: Declarant): string {
  const lines = linesOf(declared, declarant).map(({ code, line, section, name, value, origin }) => [
    ...[code, line, section, name, value, origin],
  ]);
  return toCsv([['code', 'line', 'section', 'name', 'value', 'origin'], ...lines]);
}

/** The return as XML in a namespace of OFITEC's own. */
export function returnXml(declared: F29Return, declarant: Declarant): string {
  const { period, revision, state, amount, dueDate, folio, filedOn } = declared;
  const facts = {
    ...{ rut: declarant.rut, period, revision, state, amount },
    ...(dueDate ? { dueDate } : {}),
    ...(folio && filedOn ? { folio, filedOn } : {}),
  };
  const lines = linesOf(declared, declarant).map(
    ({ code, name, value, origin }) =>
      `  <code${attributes({ number: code, origin, name })}>${escaped(String(value))}</code>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<!-- ${NO_SII_FORMAT} -->`,
    `<f29 xmlns="urn:ofitec:f29:1"${attributes(facts)}>`,
    ...lines,
    '</f29>',
    '',
  ].join('\n');
}

function attributes(of: Readonly<Record<string, string | number>>): string {
  return Object.entries(of)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' },
  ...{ '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' },
};

// Control characters have no place in XML 1.0, escaped or not.
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

function escaped(text: string): string {
  return text
    .replace(FORBIDDEN, '\uFFFD')
    .replace(/[&<>"\t\n\r]/g, (character) => ENTITIES[character] ?? '');
}
