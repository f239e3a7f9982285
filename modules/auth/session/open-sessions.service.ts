import { Injectable } from '@nestjs/common';
import {
  Clock,
  Config,
  currentActor,
  currentContext,
  Database,
  Events,
  NotFound,
  Problem,
  Records,
  runAsHouse,
} from '#kernel';
import type { Actor, EventDefinition } from '#kernel';
import { User } from '#modules/base';
import { authConfig } from '../auth.config.js';
import { CredentialService } from '../credential/credential.service.js';
import { IdentityService } from '../identity/identity.service.js';
import type { Person } from '../identity/identity.service.js';
import type { SessionOwner } from '../identity/own-session.js';
import { Terminal } from '../terminal/terminal.entity.js';
import { UnknownTerminal } from '../terminal/terminal.problems.js';
import { Session } from './session.entity.js';
import { SessionEnded, SessionStarted } from './session.events.js';
import type { Opened } from './opened.js';
import type { SessionFacts } from './session.events.js';
import { WrongCredentials } from './session.problems.js';
import { hashToken, newToken } from './session.token.js';

/** How a session begins. */
export interface Beginning {
  /** What the client calls itself, so that its person knows the session again. */
  readonly userAgent: string | null;
  /** When the person was proven; null by PIN, which proves nothing for sensitive acts. */
  readonly provenAt: Date | null;
  readonly codeProvenAt: Date | null;
  /** The shared terminal it is at; null anywhere else. */
  readonly terminalId: string | null;
}

/** What has just been proven in a session. */
export interface Renewal {
  readonly byPassword?: boolean;
  readonly byCode?: boolean;
}

/** The rows of sessions: opened, given another token, ended. Who may is decided before. */
@Injectable()
export class OpenSessions {
  private readonly lifetimeMs: number;
  private readonly shiftMs: number;
  private readonly maxPerUser: number;

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly identities: IdentityService,
    private readonly credentials: CredentialService,
    private readonly clock: Clock,
    config: Config,
  ) {
    const values = config.of(authConfig);
    this.lifetimeMs = values.SESSION_COOKIE_AGE_SECONDS * 1000;
    this.shiftMs = Math.min(this.lifetimeMs, values.TERMINAL_SESSION_AGE_SECONDS * 1000);
    this.maxPerUser = values.SESSION_MAX_PER_USER;
  }

  /** Opens a session of a person, who acts from now on. @throws Problem WrongCredentials, UnknownTerminal */
  async open(person: Person, beginning: Beginning): Promise<Opened> {
    const context = currentContext();
    if (!context) throw new Error('Sign-in happens in a request.');
    context.actor = person;
    const { userId, login } = person;
    const { terminalId } = beginning;
    const token = newToken();
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + (terminalId ? this.shiftMs : this.lifetimeMs));
    await this.database.transaction(async () => {
      // A PIN uses no initial password up: it proves none.
      if (beginning.provenAt && !(await this.credentials.useInitial(userId))) {
        throw new Problem(WrongCredentials);
      }
      if (terminalId) await this.takeTerminal(terminalId, now);
      await this.makeRoom(person);
      const made = await this.records.insert(Session, {
        ...{ userId, expiresAt, tokenHash: hashToken(token), ip: context.ip, ...beginning },
        ...{ lastSeenAt: now, lockedAt: null, pinFailures: 0 },
      });
      await this.announce(SessionStarted, login, { userId, sessionId: made.id, terminalId });
    });
    return { token, expiresAt, actor: await this.actorOf(token, now) };
  }

  /**
   * Gives the actor's session another token after a proof, and unlocks it. It ends when it would
   * have ended.
   *
   * @throws Problem NotFound when it ended meanwhile
   */
  async renew({ sessionId }: SessionOwner, proven: Renewal): Promise<Opened> {
    const { byPassword = false, byCode = false } = proven;
    const now = this.clock.now();
    const token = newToken();
    const [row] = await this.database.rows<{ expiresAt: Date }>(
      `UPDATE auth_session SET token_hash = $2, last_seen_at = $3, locked_at = NULL,
         proven_at = CASE WHEN $4 OR $5 THEN $3 ELSE proven_at END,
         code_proven_at = CASE WHEN $5 THEN $3 ELSE code_proven_at END,
         pin_failures = CASE WHEN $4 OR $5 THEN 0 ELSE pin_failures END
       WHERE id = $1 AND expires_at > $3 RETURNING expires_at AS "expiresAt"`,
      [sessionId, hashToken(token), now, byPassword, byCode],
    );
    if (!row) throw new Problem(NotFound);
    return { token, expiresAt: row.expiresAt, actor: await this.actorOf(token, now) };
  }

  /** Ends a session. @param login of its person, for the audit */
  async end({ userId, id }: Pick<Session, 'userId' | 'id'>, login: string): Promise<void> {
    await this.database.write('DELETE FROM auth_session WHERE id = $1', [id]);
    await this.announce(SessionEnded, login, { userId, sessionId: id });
  }

  /**
   * Ends the session that a client held before it signed in: it leaves no token behind that still
   * opens (ASVS 5.0 7.2.4).
   */
  async endReplaced(token: string): Promise<void> {
    const before = await this.identities.ofSession(hashToken(token), this.clock.now());
    const { companyId = '', userId, sessionId, login = '' } = before ?? {};
    if (!userId || !sessionId) return;
    // It may be another person's, even of another company: the device changed hands.
    await runAsHouse(companyId, 'auth.sign-in', () =>
      this.database.transaction(() => this.end({ userId, id: sessionId }, login)),
    );
  }

  /** @param login of the session's person, for the audit */
  async announce<P extends SessionFacts>(
    event: EventDefinition<P>,
    login: string,
    facts: P,
  ): Promise<void> {
    const subject = { type: 'base.user', id: facts.userId, label: login };
    await this.events.publish(event, { subject, payload: facts });
  }

  /** The terminal is this person's now: whoever was at it is signed out. */
  private async takeTerminal(id: string, now: Date): Promise<void> {
    // Held, so that two who sign in at once come one after the other.
    const terminal = await this.records.get(Terminal, id, 'update');
    if (terminal.revokedAt) throw new Problem(UnknownTerminal);
    await this.records.store(Object.assign(terminal, { lastUsedAt: now }));
    const before = await this.records.find(Session, { terminalId: id });
    if (!before) return;
    const { login } = await this.records.get(User, before.userId);
    await this.end(before, login);
  }

  /** Ends the sessions that are too many, the longest unused first. */
  private async makeRoom({ userId, login }: Person): Promise<void> {
    const surplus = await this.database.rows<{ id: string }>(
      `SELECT id FROM auth_session WHERE user_id = $1 AND expires_at > $2
       ORDER BY last_seen_at DESC, id DESC OFFSET $3`,
      [userId, this.clock.now(), this.maxPerUser - 1],
    );
    for (const { id } of surplus) await this.end({ userId, id }, login);
  }

  private async actorOf(token: string, now: Date): Promise<Actor> {
    const actor = await this.identities.ofSession(hashToken(token), now);
    // Ended in between: the answer says who it was, and the next request is refused.
    return actor ?? currentActor();
  }
}
