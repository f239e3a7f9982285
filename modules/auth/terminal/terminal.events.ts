import { defineEvent } from '#kernel';

/** What every event of a terminal says; the token is never in one. */
export interface TerminalFacts {
  readonly terminalId: string;
  readonly branchId: string | null;
}

export const TerminalRegistered = defineEvent<TerminalFacts>({
  name: 'terminal.registered',
  version: 1,
  summary: 'a device was made a shared terminal',
});

export const TerminalRevoked = defineEvent<TerminalFacts>({
  name: 'terminal.revoked',
  version: 1,
  summary: 'a device is no shared terminal any more',
});
