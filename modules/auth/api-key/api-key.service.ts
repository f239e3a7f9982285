import { Injectable } from '@nestjs/common';
import { AddonRegistry, Clock, Database, defineList, Events, Problem, Records } from '#kernel';
import type { Actor, EventDefinition, Page } from '#kernel';
import { User } from '#modules/base';
import { PersonNeeded } from '../identity/identity.problems.js';
import { ownSession } from '../identity/own-session.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeyCreated, ApiKeyRevoked } from './api-key.events.js';
import type { ApiKeyFacts } from './api-key.events.js';
import type { CreateApiKey } from './api-key.input.js';
import { KeyOwnerNotBot, ScopeRefused } from './api-key.problems.js';
import { hashApiKey, newApiKey } from './api-key.secret.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 90;
/** Permissions that prove or give identities: a key that had them could make itself another. */
const OF_PEOPLE = 'auth.';

/** What one may ask of API keys. */
export const apiKeyList = defineList({
  entity: ApiKey,
  filters: { userId: 'id', createdAt: 'instant', expiresAt: 'instant' },
  sorts: ['createdAt', 'expiresAt'],
  sort: '-createdAt',
});

interface KeyRow {
  readonly userId: string;
  readonly companyId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: string[];
  readonly active: boolean;
  readonly scopes: string[];
}

/** API keys, with which programs come as bots. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly registry: AddonRegistry,
    private readonly clock: Clock,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<ApiKey>> {
    return this.database.transaction(() => this.records.page(apiKeyList, query));
  }

  /**
   * Gives a bot a key. Nobody gives away what they do not have: the scopes are permissions of both
   * the bot and the actor.
   *
   * @returns the key, shown this once
   * @throws Problem NotFound, KeyOwnerNotBot, ScopeRefused
   */
  async create(input: CreateApiKey): Promise<{ record: ApiKey; secret: string }> {
    const actor = ownSession();
    const { userId, name, expiresInDays = DEFAULT_DAYS } = input;
    const scopes = [...new Set(input.scopes)].sort();
    return this.database.transaction(async () => {
      const bot = await this.records.get(User, userId);
      if (!bot.bot || !bot.active) throw new Problem(KeyOwnerNotBot);
      const may = this.registry.permissionsOf(bot.roles);
      const refused = scopes.filter(
        (scope) => scope.startsWith(OF_PEOPLE) || !may.has(scope) || !actor.permissions.has(scope),
      );
      if (refused.length > 0) throw new Problem(ScopeRefused, { extra: { scopes: refused } });
      const { secret, prefix } = newApiKey();
      const record = await this.records.insert(ApiKey, {
        ...{ userId, name, prefix, scopes, secretHash: hashApiKey(secret) },
        expiresAt: new Date(this.clock.now().getTime() + expiresInDays * DAY_MS),
        lastUsedAt: null,
        revokedAt: null,
        createdBy: actor.userId,
      });
      await this.announce(ApiKeyCreated, record);
      return { record, secret };
    });
  }

  /** Takes a key back at once; again does nothing more. @throws Problem NotFound */
  async revoke(id: string): Promise<void> {
    await this.database.transaction(async () => {
      const key = await this.records.get(ApiKey, id, 'update');
      if (key.revokedAt) return;
      await this.records.store(Object.assign(key, { revokedAt: this.clock.now() }));
      await this.announce(ApiKeyRevoked, key);
    });
  }

  /** The bot whose living key it is, with what key and bot both may; or null. One round trip. */
  async actorOf(secret: string): Promise<Actor | null> {
    const [found] = await this.database.rowsWithoutCompany<KeyRow>(
      `SELECT user_id AS "userId", company_id AS "companyId", login, name, roles, active, scopes
       FROM auth_find_api_key($1, $2)`,
      [hashApiKey(secret), this.clock.now()],
    );
    if (!found?.active) return null;
    const { userId, companyId, login, name, roles } = found;
    const may = this.registry.permissionsOf(roles);
    const scopes = found.scopes.filter((scope) => may.has(scope) && !scope.startsWith(OF_PEOPLE));
    return {
      ...{ userId, companyId, login, name, roles, permissions: new Set(scopes) },
      sessionId: null,
      hindrance: null,
      provenAt: null,
      unproven: PersonNeeded,
      unrestricted: false,
    };
  }

  private async announce(
    event: EventDefinition<ApiKeyFacts>,
    { id, name, prefix, userId, scopes, expiresAt }: ApiKey,
  ): Promise<void> {
    await this.events.publish(event, {
      subject: { type: 'auth.api_key', id, label: `${name} ${prefix}` },
      payload: { apiKeyId: id, userId, scopes, expiresAt: expiresAt.toISOString() },
    });
  }
}
