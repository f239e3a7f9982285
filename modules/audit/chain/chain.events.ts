import { defineEvent } from '#kernel';

/** The chain was compared with the log from its beginning. */
export const ChainVerified = defineEvent<{
  readonly blocks: number;
  readonly events: number;
  /** Number and hash of the last block, `12:ab34…`: what an earlier copy of the log must lead to. */
  readonly tip: string;
  readonly findings: number;
}>({
  name: 'audit_chain.verified',
  version: 1,
  summary: 'the event log was compared with its seal; how many findings there were',
});

/** The log and its seal do not agree. */
export const ChainBroken = defineEvent<{
  readonly findings: number;
  /** The first of them, in words. */
  readonly examples: readonly string[];
}>({
  name: 'audit_chain.broken',
  version: 1,
  summary: 'events were changed, removed or added behind the house’s back, or blocks of their seal',
});
