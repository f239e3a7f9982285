import { SetMetadata } from '@nestjs/common';

/** A figure of the business that whoever watches the house reads beside the technical ones. */
export interface GaugeDefinition {
  /** `ofitec_<addon>_<what>`, snake_case, the unit last; see {@link gaugePrefix}. */
  readonly name: string;
  readonly summary: string;
  /** Names of labels. Their values are words of a closed list: never an id, never a person. */
  readonly labels?: readonly string[];
  /** Read once for the installation, or in each company and added up. */
  readonly per: 'installation' | 'company';
}

/** A value of a gauge, for one value of each of its labels. */
export interface Reading {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export const MEASURES = 'ofitec:measures';

/** What the names of an addon's gauges begin with. */
export function gaugePrefix(tablePrefix: string): string {
  return `ofitec_${tablePrefix}_`;
}

/**
 * Marks a provider's method as what reads a declared gauge. It runs inside a transaction that only
 * reads, for at most half a second; a gauge that cannot be read is absent, and is not zero.
 */
export function Measures(definition: GaugeDefinition) {
  return <T extends () => Promise<readonly Reading[]>>(
    target: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    SetMetadata(MEASURES, definition)(target, property, descriptor);
  };
}
