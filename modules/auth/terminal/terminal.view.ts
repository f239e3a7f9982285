import { IdField, InstantField, TextField } from '#kernel';
import type { Terminal } from './terminal.entity.js';

export class TerminalView {
  @IdField()
  id!: string;

  @TextField({ max: 100 })
  name!: string;

  @IdField({ nullable: true })
  branchId!: string | null;

  @IdField()
  registeredBy!: string;

  @InstantField()
  createdAt!: string;

  @InstantField({ description: 'it must be registered again from then on' })
  expiresAt!: string;

  @InstantField({ nullable: true, description: 'the last sign-in at it' })
  lastUsedAt!: string | null;

  @InstantField({ nullable: true })
  revokedAt!: string | null;

  static of(this: void, terminal: Terminal): TerminalView {
    const { id, name, branchId, registeredBy } = terminal;
    return {
      ...{ id, name, branchId, registeredBy },
      createdAt: terminal.createdAt.toISOString(),
      expiresAt: terminal.expiresAt.toISOString(),
      lastUsedAt: terminal.lastUsedAt?.toISOString() ?? null,
      revokedAt: terminal.revokedAt?.toISOString() ?? null,
    };
  }
}

export class RegisteredTerminalView extends TerminalView {
  @TextField({ max: 64, description: 'send it as X-Terminal-Token; it is shown only here' })
  token!: string;
}
