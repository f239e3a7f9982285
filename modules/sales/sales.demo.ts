import type { DemoContext } from '#kernel';
import { CustomerService } from './customer/customer.service.js';
import { ServiceService } from './service/service.service.js';

const PRICE_LIST = [
  { code: 'LAVADO-KG', name: 'Lavado y secado por kilo', unit: 'kg', price: 2990 },
  { code: 'CAMISA', name: 'Camisa lavada y planchada', unit: 'unit', price: 2490 },
  { code: 'PANTALON', name: 'Pantalón lavado y planchado', unit: 'unit', price: 3490 },
  { code: 'TERNO', name: 'Terno limpieza en seco', unit: 'unit', price: 8990 },
  { code: 'VESTIDO', name: 'Vestido limpieza en seco', unit: 'unit', price: 7490 },
  { code: 'ABRIGO', name: 'Abrigo limpieza en seco', unit: 'unit', price: 9990 },
  { code: 'CORTINA', name: 'Cortina por paño', unit: 'unit', price: 5990 },
  { code: 'PLUMON-1P', name: 'Plumón de una plaza', unit: 'unit', price: 8490 },
  { code: 'PLUMON-2P', name: 'Plumón de dos plazas', unit: 'unit', price: 10490 },
  { code: 'PLANCHADO', name: 'Planchado por prenda', unit: 'unit', price: 1290 },
] as const;

const CUSTOMERS = [
  { name: 'Cliente Ejemplo Uno', rut: '11111111-1', phone: '+56 9 0000 0001' },
  { name: 'Cliente Ejemplo Dos', rut: '22222222-2', phone: '+56 9 0000 0002' },
  { name: 'Hotel Ejemplo Ltda.', rut: '77777777-7', email: 'hotel@example.com' },
];

/** The price list of a laundry and three customers who do not exist. */
export async function fillDemo({ app }: DemoContext): Promise<void> {
  for (const service of PRICE_LIST) {
    await app.get(ServiceService, { strict: false }).create(service);
  }
  for (const customer of CUSTOMERS) {
    await app.get(CustomerService, { strict: false }).create(customer);
  }
}
