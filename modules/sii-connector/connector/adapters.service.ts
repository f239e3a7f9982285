import { Injectable } from '@nestjs/common';
import { Problem } from '#kernel';
import { UnknownConnectorKind } from './connector.problems.js';
import { ManualAdapter } from './manual.adapter.js';
import { PartnerAdapter } from './partner.adapter.js';
import type { Capability, SiiAdapter } from './sii-adapter.js';

/** The ways to the SII that are at hand: two of the house, and what outside addons register. */
@Injectable()
export class SiiAdapters {
  private readonly byKind = new Map<string, SiiAdapter>();

  constructor(manual: ManualAdapter, partner: PartnerAdapter) {
    this.register(manual);
    this.register(partner);
  }

  /** For an outside addon, as its module begins. @throws Error when the kind is taken */
  register(adapter: SiiAdapter): void {
    if (this.byKind.has(adapter.kind)) throw new Error(`Two adapters are of kind ${adapter.kind}.`);
    this.byKind.set(adapter.kind, adapter);
  }

  /** None, for a kind whose addon is gone. */
  capabilitiesOf(kind: string): readonly Capability[] {
    return this.byKind.get(kind)?.capabilities ?? [];
  }

  /** @throws Problem UnknownConnectorKind */
  of(kind: string): SiiAdapter {
    const found = this.byKind.get(kind);
    if (found) return found;
    const kinds = [...this.byKind.keys()].sort();
    throw new Problem(UnknownConnectorKind, { extra: { kinds } });
  }
}
