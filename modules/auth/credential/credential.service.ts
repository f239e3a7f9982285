import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, Database, Events, Problem, Records } from '#kernel';
import type { EventDefinition } from '#kernel';
import { CompanyService, User } from '#modules/base';
import { Credential, PasswordHistory } from './credential.entity.js';
import { PasswordChanged, PasswordReset, PinChanged } from './credential.events.js';
import { ownSession } from '../identity/own-session.js';
import { BotHasNoPassword, PasswordUsedBefore, PinRefused } from './credential.problems.js';
import { HashingService } from './hashing.service.js';
import { PasswordPolicyService } from './password-policy.service.js';
import type { Verdict } from './password-policy.service.js';

/** How long an initial password waits for its one use. */
const INITIAL_MS = 72 * 3_600_000;

// Without characters that a person confuses when reading them aloud.
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';

/** Wrong PINs in a row at shared terminals after which only the password helps. */
const MAX_PIN_FAILURES = 10;

type Secret = Pick<Credential, 'passwordHash' | 'initial' | 'initialUntil'> &
  Partial<Pick<Credential, 'totpExempt'>>;

/** What proves a user: password and PIN, set and checked. */
@Injectable()
export class CredentialService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly hashing: HashingService,
    private readonly policy: PasswordPolicyService,
    private readonly companies: CompanyService,
  ) {}

  /**
   * Sets a user's password as it is, without asking the policy, and ends the user's sessions: for
   * the demo.
   *
   * @param totpExempt marks a user of the demo, of whom no role demands an authenticator app
   * @throws Problem NotFound for an id outside the company, BotHasNoPassword
   */
  async setPassword(
    userId: string,
    password: string,
    { totpExempt }: { readonly totpExempt?: true } = {},
  ): Promise<void> {
    const passwordHash = await this.hashing.hash(password);
    const secret = { passwordHash, initial: false, initialUntil: null };
    const exempt = totpExempt ? { totpExempt } : {};
    await this.replace(userId, { ...secret, ...exempt }, PasswordChanged);
  }

  /**
   * Gives a user a random initial password, and ends the user's sessions.
   *
   * @returns the password, good for one sign-in until `expiresAt`
   * @throws Problem NotFound, BotHasNoPassword
   */
  async reset(userId: string): Promise<{ initialPassword: string; expiresAt: Date }> {
    const initialPassword = randomPassword();
    const passwordHash = await this.hashing.hash(initialPassword);
    const expiresAt = new Date(this.clock.now().getTime() + INITIAL_MS);
    const secret = { passwordHash, initial: true, initialUntil: expiresAt };
    await this.replace(userId, secret, PasswordReset);
    return { initialPassword, expiresAt };
  }

  /**
   * The user's own new password; ends all of the user's sessions, the present one included. The
   * caller has proven the current one.
   *
   * @throws Problem PasswordRefused, PasswordUsedBefore
   */
  async change(userId: string, newPassword: string): Promise<void> {
    await this.policy.demand('newPassword', newPassword, await this.contextOf(userId));
    for (const hash of await this.earlier(userId)) {
      if (await this.hashing.fits(hash, newPassword)) throw new Problem(PasswordUsedBefore);
    }
    await this.setPassword(userId, newPassword);
  }

  /** What the policy thinks of a password for the actor. */
  async judge(password: string): Promise<Verdict> {
    return this.policy.judge(password, await this.contextOf(ownSession().userId));
  }

  /**
   * Sets the PIN that unlocks a session of the user, or removes it.
   *
   * @throws Problem PinRefused for one digit repeated and for a run of digits
   */
  async setPin(userId: string, pin: string | null): Promise<void> {
    if (pin !== null && (!/^\d{4,8}$/.test(pin) || isEasy(pin))) throw new Problem(PinRefused);
    const pinHash = pin === null ? null : await this.hashing.hash(pin);
    await this.database.transaction(async () => {
      const user = await this.records.get(User, userId);
      const credential = await this.records.get(Credential, userId, 'update');
      await this.records.store(Object.assign(credential, { pinHash, pinFailures: 0 }));
      await this.announce(PinChanged, user);
    });
  }

  /** Whether the user's PIN is this one; takes as long when there is none. */
  async pinFits(userId: string, pin: string): Promise<boolean> {
    const credential = await this.database.transaction(() =>
      this.records.find(Credential, { id: userId }),
    );
    return this.hashing.fits(credential?.pinHash ?? null, pin);
  }

  /**
   * Counts a try of the user's PIN at a shared terminal as wrong, before it is judged, so that
   * simultaneous ones see each other.
   *
   * @returns whether it may be tried at all
   */
  async countPin(userId: string): Promise<boolean> {
    const tries = await this.database.transaction(() =>
      this.database.rows(
        `UPDATE auth_credential SET pin_failures = pin_failures + 1
         WHERE id = $1 AND pin_failures < $2 RETURNING 1`,
        [userId, MAX_PIN_FAILURES],
      ),
    );
    return tries.length > 0;
  }

  /** A right PIN or password: PINs may be tried again. */
  async forgivePins(userId: string): Promise<void> {
    await this.database.transaction(() =>
      this.database.write(
        'UPDATE auth_credential SET pin_failures = 0 WHERE id = $1 AND pin_failures > 0',
        [userId],
      ),
    );
  }

  /** Whether the user's password is this one; takes as long when there is none. */
  async passwordFits(userId: string, password: string): Promise<boolean> {
    const credential = await this.database.transaction(() =>
      this.records.find(Credential, { id: userId }),
    );
    return this.hashing.fits(credential?.passwordHash ?? null, password);
  }

  /** Uses an initial password up, in the caller's transaction. @returns false when it was used or is too old */
  async useInitial(userId: string): Promise<boolean> {
    const credential = await this.records.get(Credential, userId, 'update');
    if (!credential.initial) return true;
    const now = this.clock.now();
    if (!credential.initialUntil || credential.initialUntil <= now) return false;
    await this.records.store(Object.assign(credential, { initialUntil: now }));
    return true;
  }

  /** Keeps the hash with today's parameters, after its password was proven. */
  async rehash(userId: string, password: string): Promise<void> {
    const passwordHash = await this.hashing.hash(password);
    await this.database.transaction(async () => {
      const credential = await this.records.get(Credential, userId, 'update');
      await this.records.store(Object.assign(credential, { passwordHash }));
    });
  }

  private async replace(
    userId: string,
    secret: Secret,
    event: EventDefinition<{ userId: string }>,
  ): Promise<void> {
    const changed = { ...secret, changedAt: this.clock.now() };
    await this.database.transaction(async () => {
      const user = await this.records.get(User, userId, 'update');
      if (user.bot) throw new Problem(BotHasNoPassword);
      const known = await this.records.find(Credential, { id: userId }, 'update');
      if (known) {
        const { passwordHash } = known;
        if (!known.initial) await this.records.insert(PasswordHistory, { userId, passwordHash });
        await this.records.store(Object.assign(known, changed));
      } else {
        const fresh = { pinHash: null, pinFailures: 0, totpExempt: false };
        await this.records.insert(Credential, { id: userId, ...fresh, ...changed });
      }
      await this.forgetOld(userId);
      await this.database.write('DELETE FROM auth_session WHERE user_id = $1', [userId]);
      await this.announce(event, user);
    });
  }

  private async announce(event: EventDefinition<{ userId: string }>, user: User): Promise<void> {
    await this.events.publish(event, {
      subject: { type: 'base.user', id: user.id, label: user.login },
      payload: { userId: user.id },
    });
  }

  /** The present hash and those that may not come back. */
  private async earlier(userId: string): Promise<string[]> {
    return this.database.transaction(async () => {
      const present = await this.records.find(Credential, { id: userId });
      const past = await this.database.rows<{ hash: string }>(
        `SELECT password_hash AS hash FROM auth_password_history WHERE user_id = $1
         ORDER BY created_at DESC LIMIT $2`,
        [userId, this.policy.history],
      );
      return [...(present ? [present.passwordHash] : []), ...past.map(({ hash }) => hash)];
    });
  }

  private async forgetOld(userId: string): Promise<void> {
    await this.database.write(
      `DELETE FROM auth_password_history WHERE user_id = $1 AND id NOT IN (
         SELECT id FROM auth_password_history WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2)`,
      [userId, this.policy.history],
    );
  }

  private async contextOf(userId: string): Promise<string[]> {
    return this.database.transaction(async () => {
      const user = await this.records.get(User, userId);
      const company = await this.companies.show();
      return [user.login, user.name, ...user.roles, company.name];
    });
  }
}

/** 16 characters of 56 with every kind among them, as the policy wants it: 92 bits, less a tenth of one. */
function randomPassword(): string {
  const one = (): string => ALPHABET[randomInt(ALPHABET.length)] ?? '';
  const group = (): string => `${one()}${one()}${one()}${one()}`;
  for (;;) {
    const password = [group(), group(), group(), group()].join('-');
    if ([/[A-Z]/, /[a-z]/, /\d/].every((kind) => kind.test(password))) return password;
  }
}

/** 1111, 1234, 4321: what a thief tries first. */
function isEasy(pin: string): boolean {
  const steps = [...pin].slice(1).map((digit, index) => Number(digit) - Number(pin[index]));
  return new Set(steps).size === 1 && [0, 1, -1].includes(steps[0] ?? 0);
}
