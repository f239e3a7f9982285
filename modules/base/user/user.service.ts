import { Injectable } from '@nestjs/common';
import { AddonRegistry, Database, defineList, Events, Problem, Records } from '#kernel';
import type { Changes, Page, Subject } from '#kernel';
import { User } from './user.entity.js';
import { UserChanged, UserCreated } from './user.events.js';
import type { CreateUser, EditUser } from './user.input.js';
import { LastAdmin, UnknownRole } from './user.problems.js';

/** What clients may ask of the users. */
export const userList = defineList({
  entity: User,
  filters: { login: 'text', active: 'boolean', bot: 'boolean' },
  sorts: ['login', 'createdAt'],
  sort: 'login',
});

/** The company's users. */
@Injectable()
export class UserService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly events: Events,
    private readonly registry: AddonRegistry,
  ) {}

  async list(query: Readonly<Record<string, unknown>>): Promise<Page<User>> {
    return this.database.transaction(() => this.records.page(userList, query));
  }

  async show(id: string): Promise<User> {
    return this.database.transaction(() => this.records.get(User, id));
  }

  /** The user of the company, or null. */
  async find(id: string): Promise<User | null> {
    return this.database.transaction(() => this.records.find(User, { id }));
  }

  /** Names by id, whatever the actor may read of users: for papers that must say who it was. */
  async names(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.database.transaction(async () => {
      const users = await this.records.allBeyondRules(User, { id: ids });
      return new Map(users.map(({ id, name }) => [id, name]));
    });
  }

  /** @throws Problem UnknownRole, LoginTaken */
  async create(input: CreateUser): Promise<User> {
    return this.database.transaction(async () => {
      const { login, name, bot = false } = input;
      const roles = this.knownRoles(input.roles);
      const user = await this.records.insert(User, { login, name, roles, bot, active: true });
      const payload = { userId: user.id };
      const changes = { roles: { after: roles }, bot: { after: bot } };
      await this.events.publish(UserCreated, { subject: subjectOf(user), payload, changes });
      return user;
    });
  }

  async edit(id: string, input: EditUser, version: number): Promise<User> {
    return this.database.transaction(async () => {
      const user = await this.records.get(User, id, 'update');
      this.records.matchVersion(user, version);
      const roles = input.roles ? { roles: this.knownRoles(input.roles) } : {};
      const changes = await this.records.store(Object.assign(user, input, roles), ['name']);
      if (Object.keys(changes).length === 0) return user;
      await this.demandAdmin(changes);
      const payload = { userId: user.id };
      await this.events.publish(UserChanged, { subject: subjectOf(user), payload, changes });
      return user;
    });
  }

  /**
   * Whoever takes an administrator away waits for every other who does. A bot is none: nobody can
   * sign in as one.
   *
   * @throws Problem LastAdmin
   */
  private async demandAdmin(changes: Changes): Promise<void> {
    if (!changes['active'] && !changes['roles']) return;
    await this.database.lockName(`base.admins ${this.database.companyId}`);
    const admins = await this.database.rows(
      `SELECT 1 FROM base_user WHERE company_id = $1 AND active AND NOT bot AND 'admin' = ANY(roles) LIMIT 1`,
      [this.database.companyId],
    );
    if (admins.length === 0) throw new Problem(LastAdmin);
  }

  private knownRoles(roles: readonly string[]): string[] {
    const unknown = roles.filter((role) => !Object.hasOwn(this.registry.roles, role));
    if (unknown.length > 0) throw new Problem(UnknownRole, { extra: { roles: unknown } });
    return [...new Set(roles)].sort();
  }
}

function subjectOf(user: User): Subject {
  return { type: 'base.user', id: user.id, label: user.login };
}
