import { defineProblem } from '#kernel';

export const RegisterCodeTaken = defineProblem({
  code: 'base.register-code-taken',
  status: 409,
  title: {
    es: 'Otra caja de la sucursal ya tiene ese código',
    en: 'Another register of the branch has that code',
  },
  constraints: ['base_register_code_key'],
});

export const RegisterInactive = defineProblem({
  code: 'base.register-inactive',
  status: 409,
  title: { es: 'La caja está fuera de uso', en: 'The register is out of use' },
});
