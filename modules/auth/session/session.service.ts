import { Injectable } from '@nestjs/common';
import {
  Clock,
  Config,
  currentActor,
  currentContext,
  Database,
  defineList,
  Events,
  Forbidden,
  NotFound,
  OnEvent,
  OnSchedule,
  Problem,
  Records,
} from '#kernel';
import type { Actor, EventDefinition, Page, ScheduleDefinition, StoredEvent } from '#kernel';
import { User, UserChanged } from '#modules/base';
import { AttemptService } from '../attempt/attempt.service.js';
import { authConfig } from '../auth.config.js';
import { CredentialService } from '../credential/credential.service.js';
import type { ChangePassword, SetPin } from '../credential/credential.input.js';
import { IdentityService } from '../identity/identity.service.js';
import type { Person } from '../identity/identity.service.js';
import { Session } from './session.entity.js';
import {
  SessionEnded,
  SessionLockedEvent,
  SessionStarted,
  SessionUnlocked,
} from './session.events.js';
import type { SessionFacts } from './session.events.js';
import type { SignIn, Unlock } from './session.input.js';
import { PinSpent, WrongCredentials, WrongProof } from './session.problems.js';
import { hashToken, newToken } from './session.token.js';

/** Forgets sessions that ended by themselves. */
export const ForgetSessions: ScheduleDefinition = {
  name: 'auth.forget-sessions',
  cron: '25 3 * * *',
  summary: 'deletes expired sessions',
  per: 'company',
};

/** What one may ask of sessions. */
export const sessionList = defineList({
  entity: Session,
  filters: { createdAt: 'instant', lastSeenAt: 'instant' },
  sorts: ['createdAt', 'lastSeenAt'],
  sort: '-lastSeenAt',
});

/** To see and to end the sessions of others. */
export const READ_SESSIONS = 'auth.session.read';
const END_SESSIONS = 'auth.session.end';

/** Wrong PINs after which only the password unlocks: ten thousand PINs are soon tried. */
const MAX_PIN_FAILURES = 5;

/** A session that has just been proven; the token is shown this once. */
export interface Opened {
  readonly token: string;
  readonly expiresAt: Date;
  readonly actor: Actor;
}

/** Sign-in, lock and unlock, sign-out, and the actor behind a token. */
@Injectable()
export class SessionService {
  private readonly lifetimeMs: number;
  private readonly maxPerUser: number;

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly identities: IdentityService,
    private readonly credentials: CredentialService,
    private readonly attempts: AttemptService,
    private readonly clock: Clock,
    config: Config,
  ) {
    const values = config.of(authConfig);
    this.lifetimeMs = values.SESSION_COOKIE_AGE_SECONDS * 1000;
    this.maxPerUser = values.SESSION_MAX_PER_USER;
  }

  /**
   * Starts a session.
   *
   * @param userAgent what the client calls itself, so that its person knows the session again
   * @throws Problem WrongCredentials, TooManyAttempts
   */
  async start(input: SignIn, userAgent: string | null): Promise<Opened> {
    const person = await this.identities.identify(input.login, input.password);
    if (!person) throw new Problem(WrongCredentials);
    return this.open(person, userAgent);
  }

  /** Locks the actor's session: signed in still, and nothing works before it is unlocked. */
  async lock(): Promise<void> {
    const { userId, sessionId, login } = ownSession();
    await this.database.transaction(async () => {
      await this.database.write('UPDATE auth_session SET locked_at = $2 WHERE id = $1', [
        sessionId,
        this.clock.now(),
      ]);
      await this.announce(SessionLockedEvent, { userId, sessionId, login });
    });
  }

  /**
   * Unlocks the actor's session with password or PIN; the session gets another token, and ends
   * when it would have ended.
   *
   * @throws Problem WrongProof, PinSpent, TooManyAttempts
   */
  async unlock({ password, pin }: Unlock): Promise<Opened> {
    const actor = ownSession();
    const { userId, sessionId, login } = actor;
    if (password === undefined && pin === undefined) throw new Problem(WrongProof);
    if (password !== undefined) await this.demandPassword(password);
    else await this.demandPin(sessionId, pin ?? '');
    const now = this.clock.now();
    const token = newToken();
    return this.database.transaction(async () => {
      const proven = password === undefined ? null : now;
      const [row] = await this.database.rows<{ expiresAt: Date }>(
        `UPDATE auth_session SET token_hash = $2, last_seen_at = $3, locked_at = NULL,
           proven_at = coalesce($4, proven_at),
           pin_failures = CASE WHEN $4::timestamptz IS NULL THEN pin_failures ELSE 0 END
         WHERE id = $1 AND expires_at > $3 RETURNING expires_at AS "expiresAt"`,
        [sessionId, hashToken(token), now, proven],
      );
      if (!row) throw new Problem(NotFound);
      await this.announce(SessionUnlocked, { userId, sessionId, login });
      return { token, expiresAt: row.expiresAt, actor: { ...actor, hindrance: null } };
    });
  }

  /**
   * The actor's new password. Every session ends, and a new one begins for the caller.
   *
   * @throws Problem WrongProof, PasswordRefused, PasswordUsedBefore, TooManyAttempts
   */
  async changePassword(input: ChangePassword, userAgent: string | null): Promise<Opened> {
    const actor = ownSession();
    await this.demandPassword(input.currentPassword);
    await this.credentials.change(actor.userId, input.newPassword);
    return this.open({ ...actor, hindrance: null }, userAgent);
  }

  /** The actor's PIN; the password proves who sets it. @throws Problem WrongProof, PinRefused */
  async setPin({ password, pin }: SetPin): Promise<void> {
    const { userId } = ownSession();
    await this.demandPassword(password);
    await this.credentials.setPin(userId, pin ?? null);
  }

  /** The living sessions of the actor, or of another user of the company. @throws Problem NotFound */
  async list(
    userId: string | null,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Page<Session>> {
    const whose = userId ?? ownSession().userId;
    return this.database.transaction(async () => {
      await this.records.get(User, whose);
      return this.records.page(sessionList, query, { userId: whose });
    });
  }

  /** Ends one session: the actor's own, or anybody's with the permission. @throws Problem NotFound */
  async end(id: string): Promise<void> {
    const actor = currentActor();
    await this.database.transaction(async () => {
      const session = await this.records.get(Session, id);
      const isOwn = session.userId === actor.userId;
      if (!isOwn && !actor.permissions.has(END_SESSIONS)) {
        throw new Problem(actor.permissions.has(READ_SESSIONS) ? Forbidden : NotFound);
      }
      await this.delete(session.userId, id);
    });
  }

  /** Ends the actor's own session. */
  async endOwn(): Promise<void> {
    const { userId, sessionId } = ownSession();
    await this.database.transaction(() => this.delete(userId, sessionId));
  }

  /** The actor whose living session has this token, or null; one round trip. */
  async actorOfToken(token: string): Promise<Actor | null> {
    return this.identities.ofSession(hashToken(token), this.clock.now());
  }

  /** A disabled user's sessions are refused at once; here they end, and stay ended when enabled again. */
  @OnEvent(UserChanged)
  async endOfDisabled(event: StoredEvent<{ userId: string }>): Promise<void> {
    if (event.changes['active']?.after !== false) return;
    // Not those of a user who was enabled and signed in again before this was delivered.
    await this.database.rows('DELETE FROM auth_session WHERE user_id = $1 AND created_at <= $2', [
      event.payload.userId,
      event.occurredAt,
    ]);
  }

  @OnSchedule(ForgetSessions)
  async forgetExpired(): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.rows('DELETE FROM auth_session WHERE expires_at < $1', [
        this.clock.now(),
      ]);
    });
  }

  private async open(person: Person, userAgent: string | null): Promise<Opened> {
    const context = currentContext();
    if (!context) throw new Error('Sign-in happens in a request.');
    context.actor = person;
    const { userId } = person;
    const token = newToken();
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + this.lifetimeMs);
    const session = await this.database.transaction(async () => {
      if (!(await this.credentials.useInitial(userId))) throw new Problem(WrongCredentials);
      await this.makeRoom(userId);
      const made = await this.records.insert(Session, {
        ...{ userId, expiresAt, tokenHash: hashToken(token), ip: context.ip, userAgent },
        ...{ lastSeenAt: now, lockedAt: null, provenAt: now, pinFailures: 0 },
      });
      await this.announce(SessionStarted, { userId, login: person.login, sessionId: made.id });
      return made;
    });
    return { token, expiresAt, actor: { ...person, sessionId: session.id } };
  }

  /** Ends the sessions that are too many, the longest unused first. */
  private async makeRoom(userId: string): Promise<void> {
    const surplus = await this.database.rows<{ id: string }>(
      `SELECT id FROM auth_session WHERE user_id = $1 AND expires_at > $2
       ORDER BY last_seen_at DESC, id DESC OFFSET $3`,
      [userId, this.clock.now(), this.maxPerUser - 1],
    );
    for (const { id } of surplus) await this.delete(userId, id);
  }

  private async delete(userId: string, sessionId: string): Promise<void> {
    await this.database.write('DELETE FROM auth_session WHERE id = $1', [sessionId]);
    await this.announce(SessionEnded, { userId, sessionId, login: currentActor().login });
  }

  /** The actor's own password, with the defence of a sign-in. */
  private async demandPassword(password: string): Promise<void> {
    const { userId, login } = ownSession();
    const attempt = await this.attempts.begin(login);
    if (!(await this.credentials.passwordFits(userId, password))) throw new Problem(WrongProof);
    await attempt.succeeded();
  }

  /** Counts the PIN as wrong before it is judged, so that simultaneous tries are counted too. */
  private async demandPin(sessionId: string, pin: string): Promise<void> {
    const { userId } = ownSession();
    const tries = await this.database.transaction(() =>
      this.database.rows(
        `UPDATE auth_session SET pin_failures = pin_failures + 1
         WHERE id = $1 AND pin_failures < $2 RETURNING 1`,
        [sessionId, MAX_PIN_FAILURES],
      ),
    );
    if (tries.length === 0) throw new Problem(PinSpent);
    if (!(await this.credentials.pinFits(userId, pin))) throw new Problem(WrongProof);
    await this.database.transaction(() =>
      this.database.write('UPDATE auth_session SET pin_failures = 0 WHERE id = $1', [sessionId]),
    );
  }

  private async announce(
    event: EventDefinition<SessionFacts>,
    { userId, sessionId, login }: SessionFacts & { readonly login: string },
  ): Promise<void> {
    await this.events.publish(event, {
      subject: { type: 'base.user', id: userId, label: login },
      payload: { userId, sessionId },
    });
  }
}

/** The actor as a person with a session: what an API key or the house has not. @throws Problem Forbidden */
function ownSession(): Actor & { readonly userId: string; readonly sessionId: string } {
  const actor = currentActor();
  const { userId, sessionId } = actor;
  if (!userId || !sessionId) throw new Problem(Forbidden);
  return { ...actor, userId, sessionId };
}
