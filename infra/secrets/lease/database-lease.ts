import { mayLogIn } from '../rotate/logins.js';
import { writeSecretFile } from '../render/secret-file.js';
import type { Renewable } from '../vault/renewal.js';
import type { Vault } from '../vault/vault.js';
import { VaultFault } from '../vault/vault-fault.js';
import type { LeaseConfig } from './lease.config.js';

/** A login of the database that Vault makes for this host and takes away again. */
export class DatabaseLease implements Renewable {
  private id: string | null = null;

  constructor(
    private readonly vault: Vault,
    private readonly config: LeaseConfig,
    private readonly said: (line: string) => void,
  ) {}

  /** What was leased to a token that is gone is gone too. */
  forget(): void {
    this.id = null;
  }

  async renew(): Promise<number> {
    if (this.id === null) throw new VaultFault('absent', 'Nothing is leased.');
    const body = { lease_id: this.id };
    const { lease } = await this.vault.call('sys/leases/renew', { body, repeatable: true });
    const seconds = lease?.seconds ?? 0;
    this.said(`renewed   ends in ${seconds} s`);
    return seconds;
  }

  /**
   * Puts another login into the file; new connections use it, and the old one lives for as long as
   * what was connected with it.
   */
  async replace(): Promise<number> {
    const { mount, role, url, file } = this.config;
    // Asked twice it would make two.
    const asked = await this.vault.call(`${mount}/creds/${role}`, { repeatable: false });
    const { username, password } = asked.data;
    const { lease } = asked;
    if (typeof username !== 'string' || typeof password !== 'string' || !lease) {
      throw new VaultFault('broken', `${mount}/creds/${role}: Vault leased no login.`);
    }
    this.demandTime(lease.seconds);
    const own = withLogin(url, username, password);
    if (!(await mayLogIn(own, 'ofitec lease test'))) {
      throw new Error(`${username} is refused, or may do more than an application.`);
    }
    writeSecretFile(file, own);
    this.id = lease.id;
    this.said(`replaced  ${username}, ends in ${lease.seconds} s`);
    return lease.seconds;
  }

  /** It is replaced while a third of its time is left, and connections must have ended by then. */
  private demandTime(seconds: number): void {
    const { connectionLifeSeconds, role } = this.config;
    if (seconds / 3 >= connectionLifeSeconds) return;
    throw new Error(
      `Leases of ${role} last ${seconds} s, and connections ${connectionLifeSeconds} s: ` +
        'requests would fail. Give it a default_ttl of three times the life of a connection.',
    );
  }
}

function withLogin(url: string, user: string, password: string): string {
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return url.replace(/^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?/, `$1${login}@`);
}
