import { defineEvent } from '#kernel';

export const BranchCreated = defineEvent<{ branchId: string }>({
  name: 'branch.created',
  version: 1,
  summary: 'a branch was opened',
});

export const BranchChanged = defineEvent<{ branchId: string }>({
  name: 'branch.changed',
  version: 1,
  summary: 'a branch was renamed, moved, closed or opened again',
});
