import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, currentContext, Database, networkOf, OnSchedule, Problem } from '#kernel';
import type { ScheduleDefinition } from '#kernel';
import { TooManyAttempts } from './attempt.problems.js';

/** Forgets failed attempts and addresses that nobody used for long. */
export const ForgetAttempts: ScheduleDefinition = {
  name: 'auth.forget-attempts',
  cron: '35 * * * *',
  summary:
    'deletes counts of failed sign-ins older than a day, and familiar addresses older than 90',
  per: 'installation',
};

/** What is guessed at, and where; each kind is counted for itself. */
export interface AttemptScope {
  readonly kind: 'password' | 'code' | 'pin';
  /** Where the guess comes from; the client's address and signed-in user unless said. */
  readonly place?: string;
}

/** One count of failures: so many are free, then the wait doubles. */
interface Count {
  readonly key: string;
  readonly free: number;
}

const MAX_WAIT_SECONDS = 900;
/** Failures a day ago no longer count. */
const MEMORY = '24 hours';

const BLOCKED = `SELECT ceil(extract(epoch FROM max(retry_at) - $2::timestamptz))::integer AS seconds
  FROM auth_attempt WHERE key = ANY($1) AND retry_at > $2::timestamptz AND retry_at > last_at`;

// An attempt during a wait is not judged and lengthens nothing; one that is judged doubles the next.
const COUNT = `WITH counted AS (
    SELECT c.key, c.free, CASE WHEN a.last_at >= $3::timestamptz - interval '${MEMORY}'
      THEN a.failures + 1 ELSE 1 END AS failures
    FROM unnest($1::text[], $2::integer[]) AS c (key, free) LEFT JOIN auth_attempt a USING (key)
  )
  INSERT INTO auth_attempt AS a (key, failures, last_at, retry_at)
  SELECT key, failures, $3::timestamptz, $3::timestamptz + CASE WHEN failures > free
    THEN least(${MAX_WAIT_SECONDS}, power(2, least(30, failures - free))) ELSE 0 END * interval '1 second'
  FROM counted ORDER BY key
  ON CONFLICT (key) DO UPDATE SET failures = excluded.failures,
    last_at = excluded.last_at, retry_at = excluded.retry_at`;

/**
 * Slows guessing of passwords, codes and PINs down without locking anybody out. Failures are counted for the pair of login and
 * address, for the address, and for the login from addresses it was never used from. A user at the
 * usual place has a count of their own, which a stranger cannot raise.
 */
@Injectable()
export class AttemptService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts an attempt as failed before it is judged, so that simultaneous ones see each other.
   *
   * @returns takes the count back once the attempt has succeeded
   * @throws Problem TooManyAttempts while a wait lasts
   */
  async begin(
    login: string,
    scope: AttemptScope = { kind: 'password' },
  ): Promise<{ succeeded(): Promise<void> }> {
    const place = scope.place ?? usualPlace();
    const of = (what: string, ...parts: string[]): string =>
      scope.kind === 'password' ? keyOf(what, ...parts) : keyOf(scope.kind, what, ...parts);
    const pair = of('pair', login, place);
    const [address, strangers] = [of('address', place), of('strangers', login)];
    const familiar = of('familiar', login, place);
    // Apart: a refused attempt undoes the work around it, and is counted all the same.
    await this.database.apart(async () => {
      await this.database.lockName(`auth.attempt ${keyOf('login', login)}`);
      const now = this.clock.now();
      const isFamiliar = await this.database.rows(
        'SELECT 1 FROM auth_familiar_address WHERE key = $1',
        [familiar],
      );
      const counts: Count[] = [
        { key: pair, free: 4 },
        { key: address, free: 30 },
        ...(isFamiliar.length === 0 ? [{ key: strangers, free: 12 }] : []),
      ].sort((a, b) => (a.key < b.key ? -1 : 1));
      const keys = counts.map(({ key }) => key);
      const [blocked] = await this.database.rows<{ seconds: number | null }>(BLOCKED, [keys, now]);
      if (blocked?.seconds) {
        throw new Problem(TooManyAttempts, { retryAfterSeconds: blocked.seconds });
      }
      await this.database.write(COUNT, [keys, counts.map(({ free }) => free), now]);
    });
    return { succeeded: () => this.forgive(login, pair, [address, strangers].sort(), familiar) };
  }

  @OnSchedule(ForgetAttempts)
  async forget(): Promise<void> {
    const now = this.clock.now();
    await this.database.rowsWithoutCompany(
      `DELETE FROM auth_attempt WHERE last_at < $1::timestamptz - interval '${MEMORY}'`,
      [now],
    );
    await this.database.rowsWithoutCompany(
      `DELETE FROM auth_familiar_address WHERE last_at < $1::timestamptz - interval '90 days'`,
      [now],
    );
  }

  /** The pair starts anew; the other counts lose only this attempt: one success excuses no flood. */
  private async forgive(
    login: string,
    pair: string,
    shared: readonly string[],
    familiar: string,
  ): Promise<void> {
    await this.database.apart(async () => {
      await this.database.lockName(`auth.attempt ${keyOf('login', login)}`);
      await this.database.write('DELETE FROM auth_attempt WHERE key = $1', [pair]);
      await this.database.write(
        'UPDATE auth_attempt SET failures = greatest(0, failures - 1), retry_at = last_at WHERE key = ANY($1)',
        [shared],
      );
      await this.database.write(
        `INSERT INTO auth_familiar_address VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at`,
        [familiar, this.clock.now()],
      );
    });
  }
}

function usualPlace(): string {
  const context = currentContext();
  return `${networkOf(context?.ip)} ${context?.actor?.userId ?? ''}`;
}

function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}
