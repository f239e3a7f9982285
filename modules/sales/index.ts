/**
 * The public door of `sales`.
 *
 * @packageDocumentation
 */
export { CustomerInactive } from './customer/customer.problems.js';
export { CustomerChanged, CustomerCreated } from './customer/customer.events.js';
export { CustomerService } from './customer/customer.service.js';
export type { Order } from './order/order.entity.js';
export {
  OrderCancelled,
  OrderCreated,
  OrderDelivered,
  OrderReady,
  OrderStarted,
} from './order/order.events.js';
export type { OrderFacts } from './order/order.events.js';
export { OrderFactsService } from './order/order-facts.service.js';
export type { DeliveredMonth, OrderDay, PlacedOrder } from './order/order-facts.service.js';
export { OrderNotInState, PaymentExceedsBalance } from './order/order.problems.js';
export { AGE_BUCKETS, OrderFiguresService } from './order/order-figures.service.js';
export type { MonthFigures, OrderFigures } from './order/order-figures.service.js';
export { OrderService } from './order/order.service.js';
export { salesAddon } from './sales.addon.js';
export { SalesModule } from './sales.module.js';
export { ServiceChanged, ServiceCreated, ServicePriceChanged } from './service/service.events.js';
export type { ServiceFacts } from './service/service.events.js';
