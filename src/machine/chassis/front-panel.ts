import type { Clock } from '../../world/world.ts';
import { RestartCause } from '../../commands/chassis/chassis.ts';
import type { Chassis } from './chassis.ts';
import type { PowerAction } from './machine.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import type { Durable, Store } from '../../state/store.ts';
import { Listeners } from '../../state/listeners.ts';
import type { Sleeper } from '../../state/sleeper.ts';

/** Its buttons, as Set Front Panel Button Enables names them (IPMI 2.0 §28.6). */
export type Button = 'standby' | 'diagnosticInterrupt' | 'reset' | 'powerOff';
/** Their names for people. */
const NAMES: Readonly<Record<string, Button | undefined>> = {
  power: 'powerOff',
  reset: 'reset',
  nmi: 'diagnosticInterrupt',
  sleep: 'standby',
};
const BUTTONS: readonly Button[] = ['powerOff', 'reset', 'diagnosticInterrupt', 'standby'];

/** Whether its buttons are dead, and how long its light is on. */
type PanelMemento = readonly [
  lockedOut: boolean,
  identify: { readonly until: number; readonly forced: boolean },
];

/** What people see and press: buttons and the identify light. */
export class FrontPanel implements Sleeper<PanelMemento> {
  /** All buttons are dead, whatever is enabled. */
  lockedOut = false;
  readonly #chassis: Chassis;
  readonly #clock: Clock;
  /** `buttons`: a bit for each one that is disabled. */
  readonly #kept: Store<number>;
  readonly #listeners = new Listeners<[button: Button]>();
  #identify: { readonly until: number; readonly forced: boolean } = { until: 0, forced: false };

  constructor(setup: Setup, chassis: Chassis) {
    this.#chassis = chassis;
    this.#clock = setup.clock;
    this.#kept = setup.store(stores.frontPanel);
  }

  get disabled(): Readonly<Record<Button, boolean>> {
    const mask = this.#kept.get('buttons') ?? 0;
    const off = (button: Button): boolean => (mask & (1 << BUTTONS.indexOf(button))) !== 0;
    return {
      standby: off('standby'),
      diagnosticInterrupt: off('diagnosticInterrupt'),
      reset: off('reset'),
      powerOff: off('powerOff'),
    };
  }

  disable(buttons: Readonly<Record<Button, boolean>>): Durable {
    const mask = BUTTONS.reduce((bits, button, i) => (buttons[button] ? bits | (1 << i) : bits), 0);
    return this.#kept.set('buttons', mask);
  }

  /** After a button did something. */
  onPress(listener: (button: Button) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** False: the button is disabled, or means nothing now. */
  press(button: Button): boolean {
    const action = this.#actionOf(button);
    if (action === undefined || this.disabled[button] || this.lockedOut) return false;
    this.#listeners.tell(button);
    const cause = button === 'reset' ? RestartCause.ResetButton : RestartCause.PowerButton;
    void this.#chassis.attempt(action, cause, 'front panel');
    return true;
  }

  /** By the name on the panel: power, reset, nmi, sleep. Undefined: there is no such button. */
  readonly pressNamed = (name: string): boolean | undefined => {
    const button = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    return button && this.press(button);
  };

  /** Lights the identify lamp for some seconds; 0 turns it off. */
  identify(seconds: number, forced: boolean): void {
    this.#identify = { until: this.#clock.monotonic() + seconds * 1000, forced };
  }

  /** §28.2: 0 off, 1 for a time, 2 until it is turned off. */
  get identifyState(): number {
    if (this.#identify.forced) return 2;
    return this.#identify.until > this.#clock.monotonic() ? 1 : 0;
  }

  memento(): PanelMemento | undefined {
    return this.lockedOut || this.identifyState !== 0 ? [this.lockedOut, this.#identify] : undefined;
  }

  recall([lockedOut, identify]: PanelMemento): void {
    this.lockedOut = lockedOut;
    this.#identify = identify;
  }

  /** A power button asks the system of a running machine to shut down, as ACPI has it. */
  #actionOf(button: Button): PowerAction | undefined {
    if (!this.#chassis.isOn) return button === 'powerOff' ? 'on' : undefined;
    return ({ powerOff: 'soft', reset: 'reset', diagnosticInterrupt: 'diag', standby: 'soft' } as const)[
      button
    ];
  }
}
