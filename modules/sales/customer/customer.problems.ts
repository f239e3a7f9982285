import { defineProblem } from '#kernel';

export const CustomerRutTaken = defineProblem({
  code: 'sales.customer-rut-taken',
  status: 409,
  title: { es: 'Otro cliente ya tiene ese RUT', en: 'Another customer has that RUT' },
  constraints: ['sales_customer_rut_key'],
});

export const CustomerInactive = defineProblem({
  code: 'sales.customer-inactive',
  status: 409,
  title: { es: 'El cliente está inactivo', en: 'The customer is inactive' },
});

export const CustomerErased = defineProblem({
  code: 'sales.customer-erased',
  status: 409,
  title: {
    es: 'Los datos del cliente fueron suprimidos a su petición',
    en: 'The customer’s data were erased at their request',
  },
});
