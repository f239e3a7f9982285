import { defineEvent } from '#kernel';

export const RegisterCreated = defineEvent<{ registerId: string; branchId: string }>({
  name: 'register.created',
  version: 1,
  summary: 'a cash register was set up',
});

export const RegisterChanged = defineEvent<{ registerId: string; branchId: string }>({
  name: 'register.changed',
  version: 1,
  summary: 'a cash register was renamed, taken out of use or put back',
});
