import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { generateSecret, generateURI, verifySync } from 'otplib';
import { Cipher, Clock, Database, Events, Problem, Records } from '#kernel';
import type { EventDefinition } from '#kernel';
import { CompanyService, User } from '#modules/base';
import { RecoveryCode, Totp } from './totp.entity.js';
import {
  RecoveryCodesRenewed,
  RecoveryCodeUsed,
  TotpEnrolled,
  TotpRemoved,
} from './totp.events.js';
import type { TotpFacts } from './totp.events.js';
import { TotpEnrolledAlready, TotpNotEnrolled, WrongCode } from './totp.problems.js';
import type { TotpView } from './totp.view.js';

/** RFC 6238 as every authenticator app speaks it: SHA-1, six digits, steps of thirty seconds. */
const STEP_SECONDS = 30;
/** Steps by which the app's clock may differ, to either side. */
const DRIFT_STEPS = 1;
/** How long an enrolment waits for its first code. */
const PENDING_MS = 15 * 60_000;
const PURPOSE = 'auth.totp';

const RECOVERY_CODES = 10;
/** 24 characters of 32: 120 bits. Without those that a person confuses when reading paper. */
const RECOVERY_LENGTH = 24;
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Authenticator apps: enrolment, codes that are good once, recovery codes. */
@Injectable()
export class TotpService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly cipher: Cipher,
    private readonly clock: Clock,
    private readonly companies: CompanyService,
  ) {}

  /** Whether the user has an authenticator app, and how many recovery codes are left. */
  async show(userId: string): Promise<TotpView> {
    return this.database.transaction(async () => {
      const totp = await this.records.find(Totp, { id: userId });
      const enrolledAt = totp?.confirmedAt?.toISOString() ?? null;
      const recoveryCodesLeft = await this.codesLeft(userId);
      return { enrolled: enrolledAt !== null, enrolledAt, recoveryCodesLeft };
    });
  }

  /**
   * Makes a new secret for the user's app; an earlier one that was never confirmed is void.
   *
   * @throws Problem TotpEnrolledAlready
   */
  async begin(userId: string): Promise<{ url: string; secret: string }> {
    const secret = generateSecret();
    return this.database.transaction(async () => {
      // Held, so that two enrolments at once leave one secret.
      const user = await this.records.get(User, userId, 'update');
      const known = await this.records.find(Totp, { id: userId }, 'update');
      if (known?.confirmedAt) throw new Problem(TotpEnrolledAlready);
      const pending = { secret: this.cipher.seal(PURPOSE, userId, secret), lastStep: 0 };
      if (known) await this.records.store(Object.assign(known, pending));
      else await this.records.insert(Totp, { id: userId, ...pending, confirmedAt: null });
      const { name } = await this.companies.show();
      const url = generateURI({ issuer: `OFITEC ${name}`, label: user.login, secret });
      return { url, secret };
    });
  }

  /**
   * Ends the enrolment: the app has proven that it holds the secret.
   *
   * @returns the recovery codes, shown this once
   * @throws Problem TotpNotEnrolled, TotpEnrolledAlready, WrongCode
   */
  async confirm(userId: string, code: string): Promise<string[]> {
    return this.database.transaction(async () => {
      const totp = await this.records.find(Totp, { id: userId }, 'update');
      if (totp?.confirmedAt) throw new Problem(TotpEnrolledAlready);
      const now = this.clock.now();
      if (!totp || now.getTime() - totp.updatedAt.getTime() > PENDING_MS) {
        throw new Problem(TotpNotEnrolled);
      }
      const lastStep = this.stepOf(totp, code);
      if (lastStep === null) throw new Problem(WrongCode);
      await this.records.store(Object.assign(totp, { confirmedAt: now, lastStep }));
      await this.announce(TotpEnrolled, userId, {});
      return this.writeCodes(userId);
    });
  }

  /** New recovery codes in place of the earlier ones. @throws Problem TotpNotEnrolled */
  async renewCodes(userId: string): Promise<string[]> {
    return this.database.transaction(async () => {
      const totp = await this.records.find(Totp, { id: userId }, 'update');
      if (!totp?.confirmedAt) throw new Problem(TotpNotEnrolled);
      await this.announce(RecoveryCodesRenewed, userId, {});
      return this.writeCodes(userId);
    });
  }

  /** Removes the user's app and recovery codes. @throws Problem NotFound, TotpNotEnrolled */
  async remove(userId: string): Promise<void> {
    await this.database.transaction(async () => {
      await this.records.get(User, userId);
      const totp = await this.records.find(Totp, { id: userId }, 'update');
      if (!totp) throw new Problem(TotpNotEnrolled);
      await this.database.write('DELETE FROM auth_recovery_code WHERE user_id = $1', [userId]);
      await this.database.write('DELETE FROM auth_totp WHERE id = $1', [userId]);
      if (totp.confirmedAt) await this.announce(TotpRemoved, userId, {});
    });
  }

  /**
   * Uses a code up, of the app or for recovery. Apart from the work around it: a code that was seen
   * is used, whatever becomes of that work.
   *
   * @returns false when it does not fit, was used, or nothing is enrolled
   */
  async use(userId: string, code: string): Promise<boolean> {
    return this.database.apart(() =>
      digitsOf(code) === null ? this.useRecovery(userId, code) : this.useStep(userId, code),
    );
  }

  /** The row is held from the look to the write: of simultaneous uses of one code, one counts. */
  private async useStep(userId: string, code: string): Promise<boolean> {
    const totp = await this.records.find(Totp, { id: userId }, 'update');
    if (!totp?.confirmedAt) return false;
    const lastStep = this.stepOf(totp, code);
    if (lastStep === null) return false;
    const secret = this.cipher.isOutdated(totp.secret)
      ? this.cipher.seal(PURPOSE, userId, this.cipher.open(PURPOSE, userId, totp.secret))
      : totp.secret;
    await this.records.store(Object.assign(totp, { lastStep, secret }));
    return true;
  }

  private async useRecovery(userId: string, code: string): Promise<boolean> {
    const used = await this.database.change(
      'DELETE FROM auth_recovery_code WHERE user_id = $1 AND code_hash = $2',
      [userId, hashOf(userId, code)],
    );
    if (used !== 1) return false;
    await this.announce(RecoveryCodeUsed, userId, { left: await this.codesLeft(userId) });
    return true;
  }

  /** The time step that the code is of, if that is near and later than the last one used. */
  private stepOf(totp: Totp, code: string): number | null {
    const token = digitsOf(code);
    if (token === null) return null;
    const epoch = Math.floor(this.clock.now().getTime() / 1000);
    const latest = Math.floor(epoch / STEP_SECONDS) + DRIFT_STEPS;
    const result = verifySync({
      secret: this.cipher.open(PURPOSE, totp.id, totp.secret),
      token,
      epoch,
      period: STEP_SECONDS,
      epochTolerance: DRIFT_STEPS * STEP_SECONDS,
      // A clock that was put back refuses every code until it is past the last one.
      afterTimeStep: Math.min(totp.lastStep, latest),
    });
    return result.valid && 'timeStep' in result ? result.timeStep : null;
  }

  private async writeCodes(userId: string): Promise<string[]> {
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
    await this.database.write('DELETE FROM auth_recovery_code WHERE user_id = $1', [userId]);
    const drafts = codes.map((code) => ({ userId, codeHash: hashOf(userId, code) }));
    await this.records.insertAll(RecoveryCode, drafts);
    return codes;
  }

  private async codesLeft(userId: string): Promise<number> {
    const [row] = await this.database.rows<{ left: number }>(
      'SELECT count(*)::integer AS left FROM auth_recovery_code WHERE user_id = $1',
      [userId],
    );
    return row?.left ?? 0;
  }

  private async announce<P extends object>(
    event: EventDefinition<TotpFacts & P>,
    userId: string,
    more: P,
  ): Promise<void> {
    const { login } = await this.records.get(User, userId);
    const subject = { type: 'base.user', id: userId, label: login };
    await this.events.publish(event, { subject, payload: { userId, ...more } });
  }
}

/** Six digits, however the app groups them; null when it is nothing of the kind. */
function digitsOf(code: string): string | null {
  const digits = code.replaceAll(' ', '');
  return /^\d{6}$/.test(digits) ? digits : null;
}

/** `ABCD-EFGH-JKLM-NPQR-STUV-WXYZ`. */
function newRecoveryCode(): string {
  const characters = [...randomBytes(RECOVERY_LENGTH)].map((byte) => ALPHABET[byte % 32] ?? '');
  return (characters.join('').match(/.{4}/g) ?? []).join('-');
}

/** As typed: case, blanks and dashes do not matter. */
function hashOf(userId: string, code: string): string {
  const plain = code.toUpperCase().replaceAll(/[\s-]/g, '');
  return createHash('sha256').update(`${userId} ${plain}`).digest('hex');
}
