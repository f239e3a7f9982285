import { defineEvent } from '#kernel';

export const CustomerExported = defineEvent<{
  readonly customerId: string;
  readonly records: number;
}>({
  name: 'customer.exported',
  version: 1,
  summary: 'somebody took a copy of everything that is held of a customer',
});

export const ErasureRequested = defineEvent<{
  readonly customerId: string;
  readonly requestNumber: string;
}>({
  name: 'erasure.requested',
  version: 1,
  summary: 'a customer asked to be forgotten; a second person has to approve',
});

export const CustomerErased = defineEvent<{
  readonly customerId: string;
  readonly requestNumber: string;
  /** What was erased, and what the law keeps. */
  readonly outcome: readonly {
    readonly what: string;
    readonly count: number;
    readonly keptBy: string | null;
  }[];
  /** Texts that still name the person; where they stand is in the erasure. Absent in version 1. */
  readonly mentions?: number;
}>({
  name: 'customer.erased',
  version: 2,
  summary: 'a customer was forgotten: personal data were taken out of records, events and copies',
});

export const MentionsRedacted = defineEvent<{
  readonly customerId: string;
  readonly redacted: number;
  readonly left: number;
}>({
  name: 'erasure.mentions_redacted',
  version: 1,
  summary: 'texts that still named a forgotten customer were looked at and taken out',
});
