import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { Database, Events, Records } from '#kernel';
import { User } from '#modules/base';
import { Credential } from './credential.entity.js';
import { PasswordChanged } from './credential.events.js';

/** argon2id with 19 MiB, two passes, one lane: the OWASP password storage minimum. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Passwords: set, and checked in constant time whether or not the user exists. */
@Injectable()
export class CredentialService {
  private readonly nobody = hash('a password that nobody has', ARGON2ID);

  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
  ) {}

  /** Sets a user's password and ends the user's sessions. @throws Problem NotFound for an id outside the company */
  async setPassword(userId: string, password: string): Promise<void> {
    const passwordHash = await hash(password.normalize('NFC'), ARGON2ID);
    await this.database.transaction(async () => {
      const user = await this.records.get(User, userId, 'update');
      const known = await this.records.find(Credential, { id: userId }, 'update');
      if (known) await this.records.store(Object.assign(known, { passwordHash }));
      else await this.records.insert(Credential, { id: userId, passwordHash });
      await this.database.rows('DELETE FROM auth_session WHERE user_id = $1', [userId]);
      await this.events.publish(PasswordChanged, {
        subject: { type: 'base.user', id: userId, label: user.login },
        payload: { userId },
      });
    });
  }

  /** Whether the password fits; without a hash it takes as long and says no. */
  async fits(passwordHash: string | null, password: string): Promise<boolean> {
    const matches = await verify(passwordHash ?? (await this.nobody), password.normalize('NFC'));
    return matches && passwordHash !== null;
  }
}
