import { defineProblem } from '#kernel';

export const CompanyRutTaken = defineProblem({
  code: 'base.company-rut-taken',
  status: 409,
  title: { es: 'Ya existe una empresa con ese RUT', en: 'A company with that RUT exists already' },
  constraints: ['base_company_rut_key'],
});
