import { defineEvent } from '#kernel';

export const UserCreated = defineEvent<{ userId: string }>({
  name: 'user.created',
  version: 1,
  summary: 'a user was added',
});

export const UserChanged = defineEvent<{ userId: string }>({
  name: 'user.changed',
  version: 1,
  summary: 'a user was renamed, given other roles, disabled or enabled',
});
