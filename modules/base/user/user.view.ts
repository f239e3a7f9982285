import { BooleanField, IdField, IntegerField, TextField, WordsField } from '#kernel';
import type { User } from './user.entity.js';

export class UserView {
  @IdField()
  id!: string;

  @TextField({ max: 64 })
  login!: string;

  @TextField({ max: 100 })
  name!: string;

  @WordsField({ maxItems: 20, max: 40 })
  roles!: string[];

  @BooleanField()
  active!: boolean;

  @BooleanField({ description: 'a program: it has API keys and no password' })
  bot!: boolean;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, user: User): UserView {
    const { id, login, name, roles, active, bot, version } = user;
    return { id, login, name, roles, active, bot, version };
  }
}
