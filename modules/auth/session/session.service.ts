import { Injectable } from '@nestjs/common';
import {
  AddonRegistry,
  Clock,
  Config,
  currentActor,
  currentContext,
  Database,
  Events,
  OnSchedule,
  Problem,
  Records,
} from '#kernel';
import type { Actor, ScheduleDefinition } from '#kernel';
import { authConfig } from '../auth.config.js';
import { CredentialService } from '../credential/credential.service.js';
import { Session } from './session.entity.js';
import { SessionEnded, SessionStarted } from './session.events.js';
import type { SignIn } from './session.input.js';
import { WrongCredentials } from './session.problems.js';
import { hashToken, newToken } from './session.token.js';

interface Identity {
  readonly userId: string;
  readonly companyId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: string[];
  readonly active: boolean;
}

const IDENTITY = `user_id AS "userId", company_id AS "companyId", login, name, roles, active`;

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
    private readonly registry: AddonRegistry,
    private readonly credentials: CredentialService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.lifetimeMs = config.of(authConfig).SESSION_COOKIE_AGE_SECONDS * 1000;
  }

  /**
   * Starts a session. Nobody has a company yet here: the login is looked up through the door
   * `auth_find_login`, which shows one user and nothing else.
   *
   * @throws Problem WrongCredentials
   */
  async start(input: SignIn): Promise<{ token: string; expiresAt: Date; actor: Actor }> {
    const [found] = await this.database.rowsWithoutCompany<Identity & { passwordHash: string }>(
      `SELECT ${IDENTITY}, password_hash AS "passwordHash" FROM auth_find_login($1)`,
      [input.login.toLowerCase()],
    );
    const fits = await this.credentials.fits(found?.passwordHash ?? null, input.password);
    if (!found || !fits || !found.active) throw new Problem(WrongCredentials);

    const context = currentContext();
    if (!context) throw new Error('Sign-in happens in a request.');
    context.actor = this.actorOf(found, null);
    const token = newToken();
    const expiresAt = new Date(this.clock.now().getTime() + this.lifetimeMs);
    const session = await this.database.transaction(async () => {
      const made = await this.records.insert(Session, {
        userId: found.userId,
        tokenHash: hashToken(token),
        expiresAt,
        ip: context.ip,
      });
      await this.events.publish(SessionStarted, factsOf(found.userId, found.login, made.id));
      return made;
    });
    return { token, expiresAt, actor: this.actorOf(found, session.id) };
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
    const [found] = await this.database.rowsWithoutCompany<Identity & { sessionId: string }>(
      `SELECT ${IDENTITY}, session_id AS "sessionId" FROM auth_find_session($1, $2)`,
      [hashToken(token), this.clock.now()],
    );
    return found?.active ? this.actorOf(found, found.sessionId) : null;
  }

  @OnSchedule(ForgetSessions)
  async forgetExpired(): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.rows('DELETE FROM auth_session WHERE expires_at < $1', [
        this.clock.now(),
      ]);
    });
  }

  private actorOf(identity: Identity, sessionId: string | null): Actor {
    const { userId, companyId, login, name, roles } = identity;
    const permissions = this.registry.permissionsOf(roles);
    return { userId, companyId, login, name, roles, permissions, sessionId, unrestricted: false };
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
