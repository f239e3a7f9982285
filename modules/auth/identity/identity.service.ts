import { Injectable } from '@nestjs/common';
import {
  AddonRegistry,
  BootRefused,
  Clock,
  Config,
  currentContext,
  Database,
  newId,
  noteClaim,
  runAsHouse,
  runInContext,
} from '#kernel';
import type { Actor, ProblemDefinition, Subject, WorkContext } from '#kernel';
import { AttemptService } from '../attempt/attempt.service.js';
import { authConfig } from '../auth.config.js';
import { PasswordMustChange } from '../credential/credential.problems.js';
import { CredentialService } from '../credential/credential.service.js';
import { HashingService } from '../credential/hashing.service.js';
import { PasswordPolicyService } from '../credential/password-policy.service.js';
import { SessionLocked } from '../session/session.problems.js';
import { TotpEnrolmentNeeded, TotpNeeded } from '../totp/totp.problems.js';
import { TotpService } from '../totp/totp.service.js';
import { StepUpNeeded } from './identity.problems.js';

/** An actor who is a person. */
export type Person = Actor & { readonly userId: string };

/** What somebody says to be let in. */
export interface Proof {
  readonly login: string;
  readonly password: string;
  /** Of the authenticator app, or a recovery code. */
  readonly code?: string | undefined;
}

/** Somebody who has been proven. */
export interface Identified {
  readonly person: Person;
  /** When a code was part of the proof; null without one. */
  readonly codeProvenAt: Date | null;
}

interface Identity {
  readonly userId: string;
  readonly companyId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: string[];
  readonly active: boolean;
}

/** What decides whether something has to be done before anything else. */
interface Standing {
  readonly roles: readonly string[];
  readonly changedAt: Date | null;
  readonly initial: boolean;
  readonly totp: boolean;
  readonly totpExempt: boolean;
  readonly codeProvenAt: Date | null;
  readonly terminalId: string | null;
  readonly locked: boolean;
}

interface LoginRow extends Identity {
  readonly passwordHash: string | null;
  readonly initialUntil: Date | null;
  readonly changedAt: Date | null;
  readonly bot: boolean;
  readonly pinHash: string | null;
  readonly pinFailures: number;
  readonly totp: boolean;
  readonly totpExempt: boolean;
}

interface SessionRow extends Identity, Standing {
  readonly roles: string[];
  readonly sessionId: string;
  readonly provenAt: Date | null;
}

const IDENTITY = `user_id AS "userId", company_id AS "companyId", login, name, roles, active`;

const FIND_LOGIN = `SELECT ${IDENTITY}, password_hash AS "passwordHash",
    initial_until AS "initialUntil", changed_at AS "changedAt", bot, pin_hash AS "pinHash",
    pin_failures AS "pinFailures", totp, totp_exempt AS "totpExempt"
  FROM auth_find_login($1)`;

const FIND_SESSION = `SELECT ${IDENTITY}, session_id AS "sessionId", locked, proven_at AS "provenAt",
    password_changed_at AS "changedAt", password_initial AS initial,
    code_proven_at AS "codeProvenAt", terminal_id AS "terminalId", totp,
    totp_exempt AS "totpExempt"
  FROM auth_find_session($1, $2, $3::interval, $4::interval)`;

/** Says in `TOTP_REQUIRED_ROLES` that no role demands an authenticator app. */
const NO_ROLE = 'none';

/**
 * Who somebody is, found before there is a company: through the doors `auth_find_login` and
 * `auth_find_session`, which show one user each and nothing else.
 */
@Injectable()
export class IdentityService {
  private readonly idle: string;
  private readonly terminalIdle: string;
  private readonly stepUpMs: number;
  private readonly totpRoles: readonly string[];
  /** Proofs of the second persons of a request: its transaction may start again, a code does not. */
  private readonly proofs = new WeakMap<WorkContext, Map<string, Promise<Person | null>>>();

  constructor(
    private readonly database: Database,
    private readonly registry: AddonRegistry,
    private readonly credentials: CredentialService,
    private readonly hashing: HashingService,
    private readonly policy: PasswordPolicyService,
    private readonly attempts: AttemptService,
    private readonly totp: TotpService,
    private readonly clock: Clock,
    config: Config,
  ) {
    const values = config.of(authConfig);
    this.idle = `${values.SESSION_INACTIVITY_TIMEOUT_SECONDS} seconds`;
    this.terminalIdle = `${values.TERMINAL_INACTIVITY_TIMEOUT_SECONDS} seconds`;
    this.stepUpMs = values.STEP_UP_SECONDS * 1000;
    this.totpRoles = values.TOTP_REQUIRED_ROLES.filter((role) => role !== NO_ROLE);
    demandRoles(this.totpRoles, registry);
  }

  /**
   * The person whom login and password prove, with the code of those who have an authenticator app;
   * or null, also for somebody who has something to do first (a new password). For a second person's
   * word, which starts no session. Within one request the same proof is good again.
   *
   * @throws Problem TooManyAttempts
   */
  async prove(proof: Proof): Promise<Person | null> {
    const context = currentContext();
    const known =
      (context && this.proofs.get(context)) ?? new Map<string, Promise<Person | null>>();
    if (context) this.proofs.set(context, known);
    const name = JSON.stringify([proof.login, proof.password, proof.code ?? null]);
    const proven = known.get(name) ?? this.proveAnew(proof);
    known.set(name, proven);
    return proven;
  }

  /**
   * The person who signs in with login and password, or null. Takes as long for a login that nobody has,
   * and says no to a disabled user, a wrong password, a used-up initial one and a wrong code alike.
   * Without a code, who has an authenticator app is hindered until it comes.
   *
   * @throws Problem TooManyAttempts, for a login that nobody has like for any other
   */
  async identify({ login, password, code }: Proof): Promise<Identified | null> {
    const wanted = login.toLowerCase();
    const attempt = await this.attempts.begin(wanted);
    const found = await this.findLogin(wanted);
    // For the audit of a refusal; the caller hears nothing of it.
    if (found) noteClaim({ companyId: found.companyId, subject: subjectOf(found) });
    const now = this.clock.now();
    const hash = found?.passwordHash ?? null;
    const fits = await this.hashing.fits(hash, password);
    const usedUp = found?.initialUntil != null && found.initialUntil <= now;
    if (!found?.active || found.bot || !hash || !fits || usedUp) return null;
    await attempt.succeeded();
    await this.tidy(found, hash, password);
    const person = this.personAt(found, null, now);
    if (!found.totp || code === undefined) return { person, codeProvenAt: null };
    if (!(await this.codeFits(person, code))) return null;
    return { person: this.personAt(found, now, now), codeProvenAt: now };
  }

  /**
   * The person of the terminal's company whom login and PIN prove, or null, with the same care as
   * {@link identify}. After too many wrong PINs in a row only the password helps, and proves anew.
   *
   * @throws Problem TooManyAttempts, for the terminal and the login together and each for itself
   */
  async identifyAtTerminal(
    terminal: { readonly id: string; readonly companyId: string },
    { login, pin }: { readonly login: string; readonly pin: string },
  ): Promise<Person | null> {
    const wanted = login.toLowerCase();
    const attempt = await this.attempts.begin(wanted, { kind: 'pin', place: terminal.id });
    const found = await this.findLogin(wanted);
    const isHere = found?.companyId === terminal.companyId && found.active;
    const { companyId } = terminal;
    // For the audit of a refusal: whose PIN was tried, or at which terminal nobody's was.
    const device = { type: 'auth.terminal', id: terminal.id, label: 'terminal' };
    noteClaim({ companyId, subject: isHere ? subjectOf(found) : device });
    const asHouse = <T>(work: () => Promise<T>): Promise<T> =>
      runAsHouse(companyId, 'auth.terminal', work);
    // Nobody's id is asked after too, so that it takes as long.
    const userId = isHere ? found.userId : newId();
    const mayTry = await asHouse(() => this.credentials.countPin(userId));
    const fits = await this.hashing.fits(mayTry && isHere ? found.pinHash : null, pin);
    if (!isHere || !fits) return null;
    await attempt.succeeded();
    await asHouse(() => this.credentials.forgivePins(userId));
    return this.personOf(found, { sessionId: null, provenAt: null, hindrance: null });
  }

  /** The person whose living session has the token hash, or null; one round trip. */
  async ofSession(tokenHash: string, now: Date): Promise<Person | null> {
    const [found] = await this.database.rowsWithoutCompany<SessionRow>(FIND_SESSION, [
      ...[tokenHash, now, this.idle, this.terminalIdle],
    ]);
    if (!found?.active) return null;
    const { sessionId } = found;
    const provenAt = found.totp ? found.codeProvenAt : found.provenAt;
    return this.personOf(found, { sessionId, provenAt, hindrance: this.hindranceOf(found, now) });
  }

  private async proveAnew(proof: Proof): Promise<Person | null> {
    const identified = await this.identify(proof);
    return identified && !identified.person.hindrance ? identified.person : null;
  }

  private async findLogin(login: string): Promise<LoginRow | undefined> {
    const [found] = await this.database.rowsWithoutCompany<LoginRow>(FIND_LOGIN, [login]);
    return found;
  }

  /** After a right password: a stronger hash when parameters grew, and PINs that may be tried again. */
  private async tidy(found: LoginRow, hash: string, password: string): Promise<void> {
    const { companyId, userId } = found;
    const isOutdated = this.hashing.isOutdated(hash);
    if (!isOutdated && found.pinFailures === 0) return;
    await runAsHouse(companyId, 'auth.tidy', () =>
      // Apart: a second person may be of another company than the transaction around.
      this.database.apart(async () => {
        if (isOutdated) await this.credentials.rehash(userId, password);
        await this.credentials.forgivePins(userId);
      }),
    );
  }

  private async codeFits(person: Person, code: string): Promise<boolean> {
    const attempt = await this.attempts.begin(person.login, { kind: 'code' });
    const context = { requestId: '', ip: null, language: 'es' as const, ...currentContext() };
    const fits = await runInContext({ ...context, actor: person }, () =>
      this.totp.use(person.userId, code),
    );
    if (fits) await attempt.succeeded();
    return fits;
  }

  private personAt(found: LoginRow, codeProvenAt: Date | null, now: Date): Person {
    const initial = found.initialUntil !== null;
    const standing = { ...found, initial, codeProvenAt, terminalId: null, locked: false };
    const hindrance = this.hindranceOf(standing, now);
    const provenAt = found.totp ? codeProvenAt : now;
    return this.personOf(found, { sessionId: null, provenAt, hindrance });
  }

  /** A terminal and a PIN are two factors already, for what is not sensitive. */
  private hindranceOf(of: Standing, now: Date): ProblemDefinition | null {
    if (of.locked) return SessionLocked;
    if (of.totp && !of.codeProvenAt && !of.terminalId) return TotpNeeded;
    const isOld = of.changedAt !== null && this.policy.hasExpired(of.changedAt, now);
    if (of.initial || isOld) return PasswordMustChange;
    if (of.totp || of.totpExempt) return null;
    return of.roles.some((role) => this.totpRoles.includes(role)) ? TotpEnrolmentNeeded : null;
  }

  private personOf(
    identity: Identity,
    proof: Pick<Person, 'sessionId' | 'provenAt' | 'hindrance'>,
  ): Person {
    const { userId, companyId, login, name, roles } = identity;
    const permissions = this.registry.permissionsOf(roles);
    const age = this.clock.now().getTime() - (proof.provenAt?.getTime() ?? -Infinity);
    const unproven = age <= this.stepUpMs ? null : StepUpNeeded;
    const who = { userId, companyId, login, name, roles, permissions };
    return { ...who, ...proof, unproven, unrestricted: false };
  }
}

function subjectOf({ userId, login }: Identity): Subject {
  return { type: 'base.user', id: userId, label: login };
}

/** A misspelled role would demand nothing of anybody. */
function demandRoles(roles: readonly string[], registry: AddonRegistry): void {
  const unknown = roles.filter((role) => !Object.hasOwn(registry.roles, role));
  if (unknown.length === 0) return;
  throw new BootRefused([`TOTP_REQUIRED_ROLES names no role of this house: ${unknown.join(', ')}`]);
}
