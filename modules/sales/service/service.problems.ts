import { defineProblem } from '#kernel';

export const ServiceCodeTaken = defineProblem({
  code: 'sales.service-code-taken',
  status: 409,
  title: { es: 'Otro servicio ya tiene ese código', en: 'Another service has that code' },
  constraints: ['sales_service_code_key'],
});
