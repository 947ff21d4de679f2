export { realTime, type ContractCase, type ContractWorld } from './contract.ts';
export { backendContract, type BackendContract, type MachineBehind } from './backend.ts';
export { consoleContract, type ConsoleContract, type MachineSide } from './console.ts';
export { interfaceContract, type Far, type InterfaceContract, type InterfaceRig } from './interface.ts';
export { sourceContract, type Measured, type SourceContract } from './source.ts';
export { storeContract, type StoreContract } from './store.ts';
