import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, Config, Database, defineList, Events, Problem, Records } from '#kernel';
import type { EventDefinition, Page } from '#kernel';
import { BranchService, User } from '#modules/base';
import { authConfig } from '../auth.config.js';
import { IdentityService } from '../identity/identity.service.js';
import { ownSession } from '../identity/own-session.js';
import { OpenSessions } from '../session/open-sessions.service.js';
import type { Opened } from '../session/opened.js';
import { Session } from '../session/session.entity.js';
import { Terminal } from './terminal.entity.js';
import { TerminalRegistered, TerminalRevoked } from './terminal.events.js';
import type { TerminalFacts } from './terminal.events.js';
import type { RegisterTerminal, SignInAtTerminal } from './terminal.input.js';
import { UnknownTerminal, WrongPin } from './terminal.problems.js';

const DAY_MS = 86_400_000;
/** `oft_` and 256 random bits. */
const TOKEN = /^oft_[\w-]{43}$/;

/** What one may ask of terminals. */
export const terminalList = defineList({
  entity: Terminal,
  filters: { branchId: 'id', createdAt: 'instant' },
  sorts: ['createdAt', 'name'],
  sort: 'name',
});

/** Shared terminals: a device that the shop trusts, at which people sign in by PIN and take turns. */
@Injectable()
export class TerminalService {
  private readonly lifetimeMs: number;

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly identities: IdentityService,
    private readonly sessions: OpenSessions,
    private readonly branches: BranchService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.lifetimeMs = config.of(authConfig).TERMINAL_MAX_AGE_DAYS * DAY_MS;
  }

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<Terminal>> {
    return this.database.transaction(() => this.records.page(terminalList, query));
  }

  /**
   * Makes a device a shared terminal.
   *
   * @returns the token that the device keeps, shown this once
   * @throws Problem NotFound for the branch, BranchInactive
   */
  async register(input: RegisterTerminal): Promise<{ terminal: Terminal; token: string }> {
    const { userId: registeredBy } = ownSession();
    const token = `oft_${randomBytes(32).toString('base64url')}`;
    const { name, branchId = null } = input;
    return this.database.transaction(async () => {
      if (branchId !== null) await this.branches.demandActive(branchId);
      const terminal = await this.records.insert(Terminal, {
        ...{ name, branchId, registeredBy, tokenHash: hashOf(token) },
        expiresAt: new Date(this.clock.now().getTime() + this.lifetimeMs),
        lastUsedAt: null,
        revokedAt: null,
      });
      await this.announce(TerminalRegistered, terminal);
      return { terminal, token };
    });
  }

  /** Takes a device's trust back and ends the session at it; again does nothing more. @throws Problem NotFound */
  async revoke(id: string): Promise<void> {
    await this.database.transaction(async () => {
      const terminal = await this.records.get(Terminal, id, 'update');
      if (terminal.revokedAt) return;
      await this.records.store(Object.assign(terminal, { revokedAt: this.clock.now() }));
      const session = await this.records.find(Session, { terminalId: id });
      if (session) {
        const { login } = await this.records.get(User, session.userId);
        await this.sessions.end(session, login);
      }
      await this.announce(TerminalRevoked, terminal);
    });
  }

  /**
   * Starts a short session of the person whom login and PIN prove; whoever was at the terminal is
   * signed out. A PIN never proves for sensitive acts.
   *
   * @param token the device's own
   * @param earlier the token of a session that the client held before: it ends, whoever's it was
   * @throws Problem UnknownTerminal, WrongPin, TooManyAttempts
   */
  async signIn(
    token: string | undefined,
    input: SignInAtTerminal,
    userAgent: string | null,
    earlier: string | null,
  ): Promise<Opened> {
    const terminal = token && TOKEN.test(token) ? await this.find(token) : undefined;
    if (!terminal) throw new Problem(UnknownTerminal);
    const person = await this.identities.identifyAtTerminal(terminal, input);
    if (!person) throw new Problem(WrongPin);
    const never = { provenAt: null, codeProvenAt: null };
    const beginning = { userAgent, ...never, terminalId: terminal.id };
    const opened = await this.sessions.open(person, beginning);
    if (earlier) await this.sessions.endReplaced(earlier);
    return opened;
  }

  private async find(token: string): Promise<{ id: string; companyId: string } | undefined> {
    const [found] = await this.database.rowsWithoutCompany<{ id: string; companyId: string }>(
      `SELECT terminal_id AS id, company_id AS "companyId" FROM auth_find_terminal($1, $2)`,
      [hashOf(token), this.clock.now()],
    );
    return found;
  }

  private async announce(
    event: EventDefinition<TerminalFacts>,
    { id, name, branchId }: Terminal,
  ): Promise<void> {
    await this.events.publish(event, {
      subject: { type: 'auth.terminal', id, label: name },
      payload: { terminalId: id, branchId },
    });
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
