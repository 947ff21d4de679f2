import type { BmcState, Part } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import { serialOf } from '../config/serial.ts';
import { blobHandlers } from '../handlers/oem/blob.ts';
import { FrontPanel } from '../machine/chassis/front-panel.ts';
import { sendBy } from '../reactions/connections.ts';
import { tellOfLimits, tellOfPanel, watchdogEvents } from '../reactions/machine-events.ts';
import type { Router } from '../router/index.ts';
import { Pef } from '../services/alerting/pef.ts';
import { Forwarding } from '../services/bridging/forwarding.ts';
import { Blobs } from '../services/blobs/index.ts';
import { FruEeprom, I2cBusses } from '../services/bridging/i2c.ts';
import { Icmb } from '../services/bridging/icmb.ts';
import { Dcmi } from '../services/dcmi/dcmi.ts';
import { SerialChannels } from '../services/serial/serial.ts';
import { Watchdog } from '../services/watchdog/watchdog.ts';
import { AuxiliaryLogs } from '../state/log/auxiliary-logs.ts';
import { BootOptions } from '../state/parameters/boot-options.ts';
import { SystemInfo } from '../state/parameters/system-info.ts';
import type { StoreDeclaration } from '../state/store-declaration.ts';
import { stores } from '../state/stores.ts';
import type { World } from '../world/world.ts';
import { addFlashBlobs } from './blobs.ts';
import { makeFirmware } from './firmware.ts';
import { makeSol } from './sol.ts';
import type { Templates } from './templates.ts';

export type Whole = BmcState & { readonly name: string; readonly router: Router<BmcState> };

/** What parts are made with besides the BMC. */
export interface PartSurroundings {
  readonly options: BmcOptions;
  readonly templates: Templates;
  readonly world: World;
  /** Where firmware images lie if the settings do not say. */
  readonly directory: string | undefined;
  /** Resets the BMC for its new firmware. */
  readonly restart: () => void;
}

interface PartMaker<P extends Part> {
  /**
   * With something in one of these it is built at once: it may have to act, or to say that it is damaged.
   */
  readonly stores: readonly { readonly name: string }[];
  readonly make: (bmc: Whole, surroundings: PartSurroundings) => BmcState[P];
}

/** What of a BMC is built when somebody first asks for it: most BMCs of a fleet never need it. */
export const parts: { readonly [P in Part]: PartMaker<P> } = {
  auxiliaryLogs: {
    stores: [stores.auxiliaryLogs],
    make: ({ setup, identity }) => new AuxiliaryLogs(setup, identity.manufacturerId),
  },
  blobs: {
    stores: [],
    make: ({ setup, router, update }, { options, world }) => {
      // With firmware, its handlers are there already.
      const serve = options.firmware ? undefined : () => router.register(blobHandlers);
      const blobs = new Blobs(setup, { serve });
      if (update && options.firmware) addFlashBlobs(blobs, update, options.firmware, world, setup.log);
      return blobs;
    },
  },
  bootOptions: {
    stores: [stores.bootOptions, stores.bootOptionsInvalid, stores.bootOptionsMarks],
    make: ({ setup, time }) => new BootOptions(setup, time),
  },
  dcmi: {
    stores: [
      stores.dcmiTexts,
      stores.powerLimit,
      stores.powerLimitActive,
      stores.thermalLimits,
      stores.dcmiConfiguration,
    ],
    make: (bmc) => {
      const dcmi = new Dcmi(bmc.setup, bmc.sensors, bmc.name);
      tellOfLimits(bmc, dcmi);
      return dcmi;
    },
  },
  forwarding: {
    stores: [stores.forwardedCommands],
    make: ({ setup, router, messages }) => new Forwarding(setup, router, messages),
  },
  frontPanel: {
    stores: [stores.frontPanel],
    make: (bmc, { options }) => {
      const panel = new FrontPanel(bmc.setup, bmc.chassis);
      if (options.chassis?.events ?? true) tellOfPanel(bmc, panel);
      return panel;
    },
  },
  i2c: {
    stores: [],
    make: ({ fru }, { options }) => {
      const busses = new I2cBusses();
      for (const { id, i2c } of options.fru ?? [])
        if (i2c) busses.attach({ bus: 0, ...i2c }, new FruEeprom(fru, id));
      return busses;
    },
  },
  icmb: {
    stores: [stores.icmb],
    make: ({ setup }, { options }) =>
      new Icmb(setup, options.interfaces?.find((entry) => entry.type === 'icmb')?.address),
  },
  pef: {
    stores: [stores.pef, stores.pefProcessed],
    make: (bmc, { options, templates }) => {
      const { channels, chassis, events, identity, lan, router, sel, sensors, time } = bmc;
      return new Pef(bmc.setup, {
        channels,
        chassis,
        events,
        identity,
        lan,
        sel,
        sensors,
        time,
        defaults: templates.pef(options),
        trapPort: options.pef?.trapPort,
        send: (channel, to, datagram) => sendBy(router, channel, to, datagram),
      });
    },
  },
  serial: {
    stores: [stores.serial, stores.serialSecrets, stores.callback, stores.serialRouting],
    make: ({ setup }, { options }) => new SerialChannels(setup, serialOf(options)),
  },
  sol: { stores: [stores.sol], make: makeSol },
  systemInfo: { stores: [stores.systemInfo], make: ({ setup }) => new SystemInfo(setup) },
  update: {
    stores: [stores.images],
    make: ({ setup, name, identity }, { options, templates, world, directory, restart }) =>
      makeFirmware(options, templates.components(options), {
        bmc: name,
        setup,
        identity,
        world,
        directory,
        restart,
      }),
  },
  watchdog: {
    stores: [stores.watchdog],
    make: (bmc) => new Watchdog(bmc.setup, watchdogEvents(bmc)),
  },
};

/** The parts of which something is stored. */
export const storedParts = (holds: (store: Pick<StoreDeclaration<unknown>, 'name'>) => boolean): Part[] =>
  (Object.keys(parts) as Part[]).filter((part) => parts[part].stores.some(holds));
