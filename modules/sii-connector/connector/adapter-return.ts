/** A return as an adapter gets it. */
export interface AdapterReturn {
  /** Canonical, `76123456-0`. */
  readonly rut: string;
  /** `YYYYMM`. */
  readonly period: string;
  /** 1 is the primitive, each next one rectifies. */
  readonly revision: number;
  /** By code without leading zeros. */
  readonly codes: Readonly<Record<string, number | string>>;
}
