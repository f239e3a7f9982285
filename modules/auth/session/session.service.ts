import { Injectable } from '@nestjs/common';
import {
  Clock,
  Config,
  currentActor,
  currentContext,
  Database,
  Events,
  OnEvent,
  OnSchedule,
  Problem,
  Records,
} from '#kernel';
import type { Actor, ScheduleDefinition, StoredEvent } from '#kernel';
import { UserChanged } from '#modules/base';
import { authConfig } from '../auth.config.js';
import { IdentityService } from '../identity/identity.service.js';
import { Session } from './session.entity.js';
import { SessionEnded, SessionStarted } from './session.events.js';
import type { SignIn } from './session.input.js';
import { WrongCredentials } from './session.problems.js';
import { hashToken, newToken } from './session.token.js';

/** Forgets sessions that ended by themselves. */
export const ForgetSessions: ScheduleDefinition = {
  name: 'auth.forget-sessions',
  cron: '25 3 * * *',
  summary: 'deletes expired sessions',
  per: 'company',
};

/** Sign-in, sign-out, and the actor behind a token. */
@Injectable()
export class SessionService {
  private readonly lifetimeMs: number;

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly identities: IdentityService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.lifetimeMs = config.of(authConfig).SESSION_COOKIE_AGE_SECONDS * 1000;
  }

  /**
   * Starts a session.
   *
   * @throws Problem WrongCredentials
   */
  async start(input: SignIn): Promise<{ token: string; expiresAt: Date; actor: Actor }> {
    const found = await this.identities.prove(input.login, input.password);
    if (!found) throw new Problem(WrongCredentials);

    const context = currentContext();
    if (!context) throw new Error('Sign-in happens in a request.');
    context.actor = found;
    const userId = found.userId;
    const token = newToken();
    const expiresAt = new Date(this.clock.now().getTime() + this.lifetimeMs);
    const session = await this.database.transaction(async () => {
      const made = await this.records.insert(Session, {
        userId,
        tokenHash: hashToken(token),
        expiresAt,
        ip: context.ip,
      });
      await this.events.publish(SessionStarted, factsOf(userId, found.login, made.id));
      return made;
    });
    return { token, expiresAt, actor: { ...found, sessionId: session.id } };
  }

  /** Ends the actor's own session. */
  async end(): Promise<void> {
    const { sessionId, userId, login } = currentActor();
    if (!sessionId || !userId) return;
    await this.database.transaction(async (manager) => {
      await manager.delete(Session, { id: sessionId });
      await this.events.publish(SessionEnded, factsOf(userId, login, sessionId));
    });
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

function factsOf(
  userId: string,
  login: string,
  sessionId: string,
): {
  subject: { type: string; id: string; label: string };
  payload: { userId: string; sessionId: string };
} {
  return {
    subject: { type: 'base.user', id: userId, label: login },
    payload: { userId, sessionId },
  };
}
