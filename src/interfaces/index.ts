export * from './lan/lan.ts';
