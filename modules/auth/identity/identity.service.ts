import { Injectable } from '@nestjs/common';
import { AddonRegistry, Database } from '#kernel';
import type { Actor } from '#kernel';
import { CredentialService } from '../credential/credential.service.js';

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

const IDENTITY = `user_id AS "userId", company_id AS "companyId", login, name, roles, active`;

/**
 * Who somebody is, found before there is a company: through the doors `auth_find_login` and
 * `auth_find_session`, which show one user each and nothing else.
 */
@Injectable()
export class IdentityService {
  constructor(
    private readonly database: Database,
    private readonly registry: AddonRegistry,
    private readonly credentials: CredentialService,
  ) {}

  /**
   * The person whom login and password prove, or null. Takes as long for a login that nobody has,
   * and says no to a disabled user like to a wrong password.
   */
  async prove(login: string, password: string): Promise<Person | null> {
    const [found] = await this.database.rowsWithoutCompany<Identity & { passwordHash: string }>(
      `SELECT ${IDENTITY}, password_hash AS "passwordHash" FROM auth_find_login($1)`,
      [login.toLowerCase()],
    );
    const fits = await this.credentials.fits(found?.passwordHash ?? null, password);
    return found?.active && fits ? this.personOf(found, null) : null;
  }

  /** The person whose living session has the token hash, or null; one round trip. */
  async ofSession(tokenHash: string, now: Date): Promise<Person | null> {
    const [found] = await this.database.rowsWithoutCompany<Identity & { sessionId: string }>(
      `SELECT ${IDENTITY}, session_id AS "sessionId" FROM auth_find_session($1, $2)`,
      [tokenHash, now],
    );
    return found?.active ? this.personOf(found, found.sessionId) : null;
  }

  private personOf(identity: Identity, sessionId: string | null): Person {
    const { userId, companyId, login, name, roles } = identity;
    const permissions = this.registry.permissionsOf(roles);
    return { userId, companyId, login, name, roles, permissions, sessionId, unrestricted: false };
  }
}
