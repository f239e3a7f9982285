import { Injectable } from '@nestjs/common';
import {
  Clock,
  Database,
  defineList,
  demandStepUp,
  Forbidden,
  mapPage,
  NotFound,
  OnEvent,
  OnSchedule,
  Problem,
  Records,
} from '#kernel';
import type { Actor, Page, ScheduleDefinition, StoredEvent } from '#kernel';
import { User, UserChanged } from '#modules/base';
import { CredentialService } from '../credential/credential.service.js';
import type { ChangePassword, SetPin } from '../credential/credential.input.js';
import { IdentityService } from '../identity/identity.service.js';
import { ownSession } from '../identity/own-session.js';
import { Terminal } from '../terminal/terminal.entity.js';
import { OpenSessions } from './open-sessions.service.js';
import type { Opened } from './opened.js';
import { ProofService } from './proof.service.js';
import { Session } from './session.entity.js';
import { SessionLockedEvent, SessionUnlocked } from './session.events.js';
import type { SignIn, Unlock } from './session.input.js';
import { WrongCredentials, WrongProof } from './session.problems.js';
import { hashToken } from './session.token.js';

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
  filters: { createdAt: 'instant', lastSeenAt: 'instant', terminalId: 'id' },
  sorts: ['createdAt', 'lastSeenAt'],
  sort: '-lastSeenAt',
});

/** A session with the name of the shared terminal it is at. */
export interface SeenSession {
  readonly session: Session;
  readonly terminalName: string | null;
}

/** To see and to end the sessions of others. */
export const READ_SESSIONS = 'auth.session.read';
export const END_SESSIONS = 'auth.session.end';

/** Sign-in, lock and unlock, sign-out, and the actor behind a token. */
@Injectable()
export class SessionService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly sessions: OpenSessions,
    private readonly identities: IdentityService,
    private readonly proofs: ProofService,
    private readonly credentials: CredentialService,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts a session. Who has an authenticator app and sent no code can do nothing but send it.
   *
   * @param userAgent what the client calls itself, so that its person knows the session again
   * @param earlier the token that the client held before: its session ends, whoever's it was
   * @throws Problem WrongCredentials, TooManyAttempts
   */
  async start(
    input: SignIn,
    userAgent: string | null,
    earlier: string | null = null,
  ): Promise<Opened> {
    const identified = await this.identities.identify(input);
    if (!identified) throw new Problem(WrongCredentials);
    const { person, codeProvenAt } = identified;
    const provenAt = this.clock.now();
    const beginning = { userAgent, provenAt, codeProvenAt, terminalId: null };
    const opened = await this.sessions.open(person, beginning);
    if (earlier) await this.sessions.endReplaced(earlier);
    return opened;
  }

  /** Locks the actor's session: signed in still, and nothing works before it is unlocked. */
  async lock(): Promise<void> {
    const { userId, sessionId, login } = ownSession();
    await this.database.transaction(async () => {
      await this.database.write('UPDATE auth_session SET locked_at = $2 WHERE id = $1', [
        sessionId,
        this.clock.now(),
      ]);
      await this.sessions.announce(SessionLockedEvent, login, { userId, sessionId });
    });
  }

  /**
   * Unlocks the actor's session with password or PIN; the session gets another token, and ends
   * when it would have ended.
   *
   * @throws Problem WrongProof, PinSpent, TooManyAttempts
   */
  async unlock({ password, pin }: Unlock): Promise<Opened> {
    const owner = ownSession();
    const { userId, sessionId, login } = owner;
    if (password === undefined && pin === undefined) throw new Problem(WrongProof);
    const byPassword = password !== undefined;
    if (byPassword) await this.proofs.demandPassword(password);
    else await this.proofs.demandPin(pin ?? '');
    return this.database.transaction(async () => {
      const opened = await this.sessions.renew(owner, { byPassword });
      await this.sessions.announce(SessionUnlocked, login, { userId, sessionId });
      return opened;
    });
  }

  /**
   * The actor's new password. Every session ends, and a new one begins for the caller where the
   * present one is; a code that was proven in it stays proven.
   *
   * @throws Problem WrongProof, PasswordRefused, PasswordUsedBefore, TooManyAttempts
   */
  async changePassword(input: ChangePassword, userAgent: string | null): Promise<Opened> {
    const owner = ownSession();
    await this.proofs.demandPassword(input.currentPassword);
    const { codeProvenAt, terminalId } = await this.database.transaction(() =>
      this.records.get(Session, owner.sessionId),
    );
    await this.credentials.change(owner.userId, input.newPassword);
    const provenAt = this.clock.now();
    return this.sessions.open(owner, { userAgent, provenAt, codeProvenAt, terminalId });
  }

  /** The actor's PIN; the password proves who sets it. @throws Problem WrongProof, PinRefused */
  async setPin({ password, pin }: SetPin): Promise<void> {
    const { userId } = ownSession();
    await this.proofs.demandPassword(password);
    await this.credentials.setPin(userId, pin ?? null);
  }

  /** The living sessions of the actor, or of another user of the company. @throws Problem NotFound */
  async list(
    userId: string | null,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Page<SeenSession>> {
    const whose = userId ?? ownSession().userId;
    return this.database.transaction(async () => {
      await this.records.get(User, whose);
      const page = await this.records.page(sessionList, query, { userId: whose });
      const ids = page.items.flatMap(({ terminalId }) => terminalId ?? []);
      const terminals = ids.length > 0 ? await this.records.all(Terminal, { id: ids }) : [];
      const names = new Map(terminals.map(({ id, name }) => [id, name]));
      return mapPage(page, (session) => ({
        session,
        terminalName: names.get(session.terminalId ?? '') ?? null,
      }));
    });
  }

  /**
   * Ends one session: the actor's own, or anybody's with the permission. Any but the present one
   * wants a recent proof: a thief shall not throw the owner out.
   *
   * @throws Problem NotFound, StepUpNeeded
   */
  async end(id: string): Promise<void> {
    const actor = ownSession();
    if (id !== actor.sessionId) demandStepUp();
    await this.database.transaction(async () => {
      const session = await this.records.get(Session, id);
      const isOwn = session.userId === actor.userId;
      if (!isOwn && !actor.permissions.has(END_SESSIONS)) {
        throw new Problem(actor.permissions.has(READ_SESSIONS) ? Forbidden : NotFound);
      }
      const { login } = await this.records.get(User, session.userId);
      await this.sessions.end(session, login);
    });
  }

  /**
   * Ends all sessions of a user, or the actor's own but the present one.
   *
   * @param userId null for the actor's own
   * @throws Problem NotFound
   */
  async endAll(userId: string | null): Promise<void> {
    const own = ownSession();
    const kept = userId === null ? own.sessionId : null;
    await this.database.transaction(async () => {
      const user = await this.records.get(User, userId ?? own.userId);
      const sessions = await this.records.all(Session, { userId: user.id });
      for (const session of sessions) {
        if (session.id !== kept) await this.sessions.end(session, user.login);
      }
    });
  }

  /** Ends the actor's own session. */
  async endOwn(): Promise<void> {
    const { userId, sessionId, login } = ownSession();
    await this.database.transaction(() => this.sessions.end({ userId, id: sessionId }, login));
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
}
