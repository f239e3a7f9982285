import { normalizeRut, rutCheckCharacter } from '#kernel';
import { SECTIONS } from '../document/document.entity.js';
import type { Section } from '../document/document.entity.js';
import type { ImportKind } from './import.entity.js';

/**
 * What the name of a file tells; downloads of the RCV are `RCV_COMPRA_REGISTRO_76123456-0_202610.csv`,
 * those of its summary `RCV_RESUMEN_VENTA_76123456_202610.csv`, with digits only.
 */
export interface Told {
  readonly kind: ImportKind | null;
  readonly section: Section | null;
  /** The RUT, or what digits without a check character may stand for; empty when it tells none. */
  readonly ruts: readonly string[];
  readonly period: string | null;
}

/** Reads a name. What it does not tell is null. */
export function readFileName(name: string | undefined): Told {
  const plain = (name ?? '').toUpperCase().replaceAll(/[^A-Z0-9-]+/g, '_');
  const rut = /(?:^|_)(\d{6,8}-[\dK]|\d{8}[\dK])(?=_|$)/.exec(plain)?.[1];
  const digits = /^RCV_RESUMEN_.*?_(\d{7,8})(?=_)/.exec(plain)?.[1];
  const period = /(?:^|_)(20\d\d)[_-]?(0[1-9]|1[0-2])(?=_|$)/.exec(plain);
  const kinds = /(?:^|_)(COMPRA|VENTA)S?(?=_|$)/.exec(plain)?.[1];
  return {
    kind: kinds === undefined ? null : kinds === 'COMPRA' ? 'rcv-compra' : 'rcv-venta',
    section: SECTIONS.find((section) => plain.includes(`_${section}_`)) ?? null,
    ruts: [...(rut === undefined ? candidatesOf(digits) : [normalizeRut(rut)])].filter(isText),
    period: period ? `${period[1]}${period[2]}` : null,
  };
}

/** Digits alone may be a RUT without its check character, or a short one with it. */
function candidatesOf(digits: string | undefined): string[] {
  if (digits === undefined) return [];
  const whole = normalizeRut(`${digits.slice(0, -1)}-${digits.slice(-1)}`);
  return [`${digits}-${rutCheckCharacter(digits)}`, ...(whole === null ? [] : [whole])];
}

function isText(rut: string | null): rut is string {
  return rut !== null;
}
