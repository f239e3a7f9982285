import { normalizeRut } from '#kernel';
import { SECTIONS } from '../document/document.entity.js';
import type { Section } from '../document/document.entity.js';
import type { ImportKind } from './import.entity.js';

/** What the name of a file tells; downloads of the RCV are `RCV_COMPRA_REGISTRO_76123456-0_202610.csv`. */
export interface Told {
  readonly kind: ImportKind | null;
  readonly section: Section | null;
  readonly rut: string | null;
  readonly period: string | null;
}

/** Reads a name. What it does not tell is null; only a RUT with its check character is one. */
export function readFileName(name: string | undefined): Told {
  const plain = (name ?? '').toUpperCase().replaceAll(/[^A-Z0-9-]+/g, '_');
  const rut = /(?:^|_)(\d{6,8}-[\dK]|\d{8}[\dK])(?=_|$)/.exec(plain)?.[1];
  const period = /(?:^|_)(20\d\d)[_-]?(0[1-9]|1[0-2])(?=_|$)/.exec(plain);
  const kinds = /(?:^|_)(COMPRA|VENTA)S?(?=_|$)/.exec(plain)?.[1];
  return {
    kind: kinds === undefined ? null : kinds === 'COMPRA' ? 'rcv-compra' : 'rcv-venta',
    section: SECTIONS.find((section) => plain.includes(`_${section}_`)) ?? null,
    rut: rut === undefined ? null : normalizeRut(rut),
    period: period ? `${period[1]}${period[2]}` : null,
  };
}
