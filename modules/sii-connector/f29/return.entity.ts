import { Column, Entity } from 'typeorm';
import { CompanyRecord, InstantColumn, PesosColumn, Problem } from '#kernel';
import type { LedgerGroup } from './ledger-map.js';
import { ReturnNotInState } from './return.problems.js';
import { STEPS } from './return.states.js';
import type { ReturnState, Step } from './return.states.js';
import type { CodeValue, FeeSums, Finding } from './rule.js';

/** Where a value comes from. */
export const ORIGINS = ['computed', 'imported', 'typed', 'adapter'] as const;
export type ValueOrigin = (typeof ORIGINS)[number];

/** What a return says at a code, and who says so. */
export interface ReturnValue {
  readonly value: CodeValue;
  readonly origin: ValueOrigin;
}

/** A warning that somebody answers for. */
export interface Acknowledgement {
  /** Which finding, figures included: another figure is another warning. */
  readonly key: string;
  readonly rule: string;
  readonly code: string | null;
  readonly reason: string;
  readonly by: string | null;
  readonly at: string;
}

/** What a remainder was carried from. */
export interface Carried {
  readonly former: string;
  readonly remainder: number;
  readonly units: number;
  readonly utmBefore: number;
  readonly utmNow: number;
}

type Codes<V> = Readonly<Record<string, V>>;

/** A Form 29 of a period, keyed by code. Revision 1 is the primitive, each next one rectifies. */
@Entity('sii_connector_return')
export class F29Return extends CompanyRecord {
  /** `YYYYMM`. */
  @Column({ type: 'text' })
  period!: string;

  @Column({ type: 'integer' })
  revision!: number;

  @Column({ type: 'text' })
  state!: ReturnState;

  /** All of them, by code without leading zeros; unknown codes are kept. */
  @Column({ type: 'jsonb' })
  codes!: Codes<ReturnValue>;

  /** What persons and adapters said; it stands before what is computed. */
  @Column({ type: 'jsonb' })
  entered!: Codes<ReturnValue>;

  /** What documents and dated figures say, whatever was entered; null until computed. */
  @Column({ type: 'jsonb', nullable: true })
  computed!: Codes<number> | null;

  /** The SII's own proposal, where somebody brought it. */
  @Column({ type: 'jsonb', nullable: true })
  proposal!: Codes<number> | null;

  /** The sums that the codes were made of; they show later whether documents came since. */
  @Column({ type: 'jsonb', nullable: true })
  ledger!: readonly LedgerGroup[] | null;

  @Column({ type: 'jsonb', nullable: true })
  fees!: FeeSums | null;

  /** Of code 504, where it was carried from a former return that is here. */
  @Column({ type: 'jsonb', nullable: true })
  carried!: Carried | null;

  @Column({ type: 'jsonb' })
  findings!: readonly Finding[];

  @Column({ type: 'jsonb' })
  acknowledgements!: readonly Acknowledgement[];

  @InstantColumn({ nullable: true })
  computedAt!: Date | null;

  @Column({ type: 'date', nullable: true })
  dueDate!: string | null;

  /** Whole pesos to be paid: code 94, or 91 without surcharges. */
  @PesosColumn()
  amount!: number;

  /** Whole pesos that the return which this one rectifies was paid with. */
  @PesosColumn()
  alreadyPaid!: number;

  /** Who computed or typed last. */
  @Column({ type: 'uuid', nullable: true })
  preparedBy!: string | null;

  @Column({ type: 'uuid', nullable: true })
  approvedBy!: string | null;

  @InstantColumn({ nullable: true })
  exportedAt!: Date | null;

  /** Up to ten digits today, which is more than 32 bits. */
  @Column({ type: 'text', nullable: true })
  folio!: string | null;

  @Column({ type: 'date', nullable: true })
  filedOn!: string | null;

  @Column({ type: 'date', nullable: true })
  paidOn!: string | null;

  @PesosColumn({ nullable: true })
  paidAmount!: number | null;

  @Column({ type: 'uuid', nullable: true })
  rectifiesId!: string | null;

  @Column({ type: 'uuid', nullable: true })
  rectifiedById!: string | null;

  /** What persons call it: `202610`, `202610/2` for a rectification. */
  get label(): string {
    return this.revision === 1 ? this.period : `${this.period}/${this.revision}`;
  }

  /** Whole pesos that are still to be paid by this return. */
  get toPay(): number {
    return Math.max(this.amount - this.alreadyPaid, 0);
  }

  /** @throws Problem ReturnNotInState */
  demand(step: Step): void {
    const from: readonly ReturnState[] = STEPS[step].from;
    if (from.includes(this.state)) return;
    const { label, state } = this;
    throw new Problem(ReturnNotInState, {
      detail: {
        es: `La declaración ${label} está en "${state}" y el paso "${step}" parte de: ${from.join(', ')}.`,
        en: `Return ${label} is "${state}", and step "${step}" begins from: ${from.join(', ')}.`,
      },
      extra: { state },
    });
  }

  /** Takes a step. @throws Problem ReturnNotInState */
  take(step: Step): void {
    this.demand(step);
    this.state = STEPS[step].to;
  }

  /** Whether its payment is expected by somebody: exported or sent, and not yet opened again. */
  get isOut(): boolean {
    return ['exported', 'sent', 'filed', 'payment_rejected'].includes(this.state);
  }
}

/** Tells findings apart, figures included. */
export function findingKey({ rule, code, expected, actual }: Finding): string {
  return [rule, code ?? '', expected ?? '', actual ?? ''].join('|');
}
