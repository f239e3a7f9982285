import { Injectable } from '@nestjs/common';
import { AddonRegistry, Clock, Config, Database, noteClaim, runAsHouse } from '#kernel';
import type { Actor, ProblemDefinition, Subject } from '#kernel';
import { AttemptService } from '../attempt/attempt.service.js';
import { authConfig } from '../auth.config.js';
import { PasswordMustChange } from '../credential/credential.problems.js';
import { CredentialService } from '../credential/credential.service.js';
import { HashingService } from '../credential/hashing.service.js';
import { PasswordPolicyService } from '../credential/password-policy.service.js';
import { SessionLocked } from '../session/session.problems.js';

/** An actor who is a person. */
export type Person = Actor & { readonly userId: string };

interface Identity {
  readonly userId: string;
  readonly companyId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: string[];
  readonly active: boolean;
}

interface LoginRow extends Identity {
  readonly passwordHash: string | null;
  readonly initialUntil: Date | null;
}

interface SessionRow extends Identity {
  readonly sessionId: string;
  readonly locked: boolean;
  readonly provenAt: Date;
  readonly changedAt: Date | null;
  readonly initial: boolean;
}

const IDENTITY = `user_id AS "userId", company_id AS "companyId", login, name, roles, active`;

/**
 * Who somebody is, found before there is a company: through the doors `auth_find_login` and
 * `auth_find_session`, which show one user each and nothing else.
 */
@Injectable()
export class IdentityService {
  private readonly idle: string;

  constructor(
    private readonly database: Database,
    private readonly registry: AddonRegistry,
    private readonly credentials: CredentialService,
    private readonly hashing: HashingService,
    private readonly policy: PasswordPolicyService,
    private readonly attempts: AttemptService,
    private readonly clock: Clock,
    config: Config,
  ) {
    this.idle = `${config.of(authConfig).SESSION_INACTIVITY_TIMEOUT_SECONDS} seconds`;
  }

  /**
   * The person whom login and password prove, or null; also null for somebody who must change the
   * password first. For a second person's word, which starts no session.
   *
   * @throws Problem TooManyAttempts
   */
  async prove(login: string, password: string): Promise<Person | null> {
    const person = await this.identify(login, password);
    return person?.hindrance ? null : person;
  }

  /**
   * The person who signs in with login and password, or null. Takes as long for a login that nobody has,
   * and says no to a disabled user, a wrong password and a used-up initial one alike.
   *
   * @throws Problem TooManyAttempts, for a login that nobody has like for any other
   */
  async identify(login: string, password: string): Promise<Person | null> {
    const wanted = login.toLowerCase();
    const attempt = await this.attempts.begin(wanted);
    const [found] = await this.database.rowsWithoutCompany<LoginRow>(
      `SELECT ${IDENTITY}, password_hash AS "passwordHash", initial_until AS "initialUntil"
       FROM auth_find_login($1)`,
      [wanted],
    );
    // For the audit of a refusal; the caller hears nothing of it.
    if (found) noteClaim({ companyId: found.companyId, subject: subjectOf(found) });
    const now = this.clock.now();
    const hash = found?.passwordHash ?? null;
    const fits = await this.hashing.fits(hash, password);
    const usedUp = found?.initialUntil != null && found.initialUntil <= now;
    if (!found?.active || !hash || !fits || usedUp) return null;
    await attempt.succeeded();
    if (this.hashing.isOutdated(hash)) {
      const { companyId, userId } = found;
      await runAsHouse(companyId, 'auth.rehash', () => this.credentials.rehash(userId, password));
    }
    const hindrance = found.initialUntil ? PasswordMustChange : null;
    return this.personOf(found, { sessionId: null, provenAt: now, hindrance });
  }

  /** The person whose living session has the token hash, or null; one round trip. */
  async ofSession(tokenHash: string, now: Date): Promise<Person | null> {
    const [found] = await this.database.rowsWithoutCompany<SessionRow>(
      `SELECT ${IDENTITY}, session_id AS "sessionId", locked, proven_at AS "provenAt",
         password_changed_at AS "changedAt", password_initial AS initial
       FROM auth_find_session($1, $2, $3::interval)`,
      [tokenHash, now, this.idle],
    );
    if (!found?.active) return null;
    const { sessionId, provenAt } = found;
    return this.personOf(found, { sessionId, provenAt, hindrance: this.hindranceOf(found, now) });
  }

  private hindranceOf(session: SessionRow, now: Date): ProblemDefinition | null {
    if (session.locked) return SessionLocked;
    const isOld = session.changedAt !== null && this.policy.hasExpired(session.changedAt, now);
    return session.initial || isOld ? PasswordMustChange : null;
  }

  private personOf(
    identity: Identity,
    proof: Pick<Person, 'sessionId' | 'provenAt' | 'hindrance'>,
  ): Person {
    const { userId, companyId, login, name, roles } = identity;
    const permissions = this.registry.permissionsOf(roles);
    return { userId, companyId, login, name, roles, permissions, ...proof, unrestricted: false };
  }
}

function subjectOf({ userId, login }: Identity): Subject {
  return { type: 'base.user', id: userId, label: login };
}
