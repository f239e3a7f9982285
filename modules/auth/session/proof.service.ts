import { Injectable } from '@nestjs/common';
import { Database, Problem } from '#kernel';
import { AttemptService } from '../attempt/attempt.service.js';
import { CredentialService } from '../credential/credential.service.js';
import { ownSession } from '../identity/own-session.js';
import { WrongCode } from '../totp/totp.problems.js';
import { TotpService } from '../totp/totp.service.js';
import { OpenSessions } from './open-sessions.service.js';
import type { Renewal } from './open-sessions.service.js';
import type { Opened } from './opened.js';
import { SessionProven } from './session.events.js';
import type { ProveAgain } from './session.input.js';
import { CodeNeeded, PinSpent, WrongProof } from './session.problems.js';

/** Wrong PINs after which only the password unlocks: ten thousand PINs are soon tried. */
const MAX_PIN_FAILURES = 5;

/** The person of a session proves again to be who they are. */
@Injectable()
export class ProofService {
  constructor(
    private readonly database: Database,
    private readonly sessions: OpenSessions,
    private readonly credentials: CredentialService,
    private readonly attempts: AttemptService,
    private readonly totp: TotpService,
  ) {}

  /**
   * The code that a sign-in still lacked, or a further one; the session gets another token.
   *
   * @throws Problem WrongCode, TooManyAttempts
   */
  async verify(code: string): Promise<Opened> {
    await this.demandCode(code);
    return this.renew('code');
  }

  /**
   * Renews the proof that sensitive acts demand; the session gets another token.
   *
   * @throws Problem WrongProof, CodeNeeded, WrongCode, TooManyAttempts
   */
  async stepUp({ password, code }: ProveAgain): Promise<Opened> {
    const { userId } = ownSession();
    if (code !== undefined) return this.verify(code);
    if (password === undefined) throw new Problem(WrongProof);
    await this.demandPassword(password);
    const { enrolled } = await this.totp.show(userId);
    if (enrolled) throw new Problem(CodeNeeded);
    return this.renew('password');
  }

  /**
   * Ends the enrolment of the actor's app, whose code counts as a proof; the session gets another
   * token.
   *
   * @returns the recovery codes, shown this once
   * @throws Problem TotpNotEnrolled, TotpEnrolledAlready, WrongCode, TooManyAttempts, NotFound
   */
  async confirmTotp(code: string): Promise<{ opened: Opened; recoveryCodes: string[] }> {
    const owner = ownSession();
    const attempt = await this.attempts.begin(owner.login, { kind: 'code' });
    const confirmed = await this.database.transaction(async () => {
      const recoveryCodes = await this.totp.confirm(owner.userId, code);
      return { recoveryCodes, opened: await this.sessions.renew(owner, { byCode: true }) };
    });
    await attempt.succeeded();
    return confirmed;
  }

  /** The actor's own password, with the defence of a sign-in. @throws Problem WrongProof, TooManyAttempts */
  async demandPassword(password: string): Promise<void> {
    const { userId, login } = ownSession();
    const attempt = await this.attempts.begin(login);
    if (!(await this.credentials.passwordFits(userId, password))) throw new Problem(WrongProof);
    await attempt.succeeded();
    await this.credentials.forgivePins(userId);
  }

  /**
   * The actor's PIN. It is counted as wrong before it is judged, so that simultaneous tries are
   * counted too.
   *
   * @throws Problem WrongProof, PinSpent
   */
  async demandPin(pin: string): Promise<void> {
    const { userId, sessionId } = ownSession();
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

  private async demandCode(code: string): Promise<void> {
    const { userId, login } = ownSession();
    const attempt = await this.attempts.begin(login, { kind: 'code' });
    if (!(await this.totp.use(userId, code))) throw new Problem(WrongCode);
    await attempt.succeeded();
  }

  private async renew(by: 'password' | 'code'): Promise<Opened> {
    const owner = ownSession();
    const { userId, sessionId, login } = owner;
    const proven: Renewal = by === 'code' ? { byCode: true } : { byPassword: true };
    return this.database.transaction(async () => {
      const opened = await this.sessions.renew(owner, proven);
      await this.sessions.announce(SessionProven, login, { userId, sessionId, by });
      return opened;
    });
  }
}
