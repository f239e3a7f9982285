import { defineProblem } from '#kernel';

export const BranchCodeTaken = defineProblem({
  code: 'base.branch-code-taken',
  status: 409,
  title: { es: 'Otra sucursal ya tiene ese código', en: 'Another branch has that code' },
  constraints: ['base_branch_code_key'],
});

export const BranchInactive = defineProblem({
  code: 'base.branch-inactive',
  status: 409,
  title: { es: 'La sucursal está cerrada', en: 'The branch is closed' },
});
