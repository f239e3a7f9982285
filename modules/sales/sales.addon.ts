import { salesMigrations } from '#migrations/sales';
import { defineAddon } from '#kernel';
import { baseAddon } from '#modules/base';
import { Customer } from './customer/customer.entity.js';
import { CustomerChanged, CustomerCreated } from './customer/customer.events.js';
import { Erasure } from './erasure/erasure.entity.js';
import * as erasureEvents from './erasure/erasure.events.js';
import { SalesPersonalData } from './erasure/sales-personal-data.js';
import { OrderLine } from './order/order-line.entity.js';
import { Order } from './order/order.entity.js';
import * as orderEvents from './order/order.events.js';
import { orderSettings } from './order/order.settings.js';
import { fillDemo } from './sales.demo.js';
import { salesCommands } from './sales.commands.js';
import { SalesModule } from './sales.module.js';
import { Service } from './service/service.entity.js';
import { ServiceChanged, ServiceCreated, ServicePriceChanged } from './service/service.events.js';

const permissions = {
  'sales.customer.create': 'add customers',
  'sales.customer.edit': 'change customers’ data',
  'sales.customer.read': 'read customers',
  'sales.customer.export': 'take a copy of everything that is held of a customer',
  'sales.erasure.approve': 'approve as the second person that a customer is forgotten',
  'sales.erasure.read': 'read requests to forget customers',
  'sales.erasure.request': 'note a customer’s request to be forgotten',
  'sales.order.cancel': 'call orders off',
  'sales.order.create': 'take orders',
  'sales.order.deliver': 'hand orders over',
  'sales.order.read': 'read orders',
  'sales.order.ready': 'mark orders ready',
  'sales.order.start': 'begin work on orders',
  'sales.report.read': 'read what was sold, by service and day',
  'sales.service.create': 'add services to the price list',
  'sales.service.edit': 'change services and their prices',
};

const counter = Object.keys(permissions).filter(
  (name) => !/^sales\.(service|report|erasure|customer\.export)(\.|$)/.test(name),
);

export const salesAddon = defineAddon({
  name: 'sales',
  version: '0.1.0',
  summary: 'customers, price list, orders',
  depends: [baseAddon],
  module: SalesModule,
  entities: [Customer, Erasure, Order, OrderLine, Service],
  migrations: salesMigrations,
  permissions,
  roles: {
    vendedora: { grants: counter },
    encargada: { grants: Object.keys(permissions) },
    admin: { grants: Object.keys(permissions) },
    contador: { grants: ['sales.customer.read', 'sales.order.read', 'sales.report.read'] },
  },
  events: [
    CustomerChanged,
    CustomerCreated,
    ServiceChanged,
    ServiceCreated,
    ServicePriceChanged,
    ...Object.values(orderEvents),
    ...Object.values(erasureEvents),
  ],
  retention: {
    events: 'tax',
    except: {
      [CustomerChanged.name]: 'personal',
      [CustomerCreated.name]: 'personal',
      [erasureEvents.CustomerExported.name]: 'security',
    },
  },
  personalData: [SalesPersonalData],
  commands: salesCommands,
  commandGroup: 'customers',
  settings: orderSettings,
  demo: fillDemo,
});
