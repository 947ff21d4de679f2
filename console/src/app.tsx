import { useEffect, useState } from 'preact/hooks';
import type { Api } from './api.ts';
import { BmcPage } from './bmc/page.tsx';
import { Fleet } from './fleet/fleet.tsx';
import { Scheme } from './parts/scheme.tsx';

/** `#/bmc/NAME/TAB`; everything else is the fleet. */
function placeOf(hash: string): { readonly bmc?: string; readonly tab: string } {
  const [, what, name, tab = 'overview'] = hash.split('/');
  return what === 'bmc' && name ? { bmc: decodeURIComponent(name), tab } : { tab: '' };
}

export function App({ api }: { readonly api: Api }) {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const moved = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  const { me } = api;
  const bmc = place.bmc ?? me.bmc;
  useEffect(() => {
    document.title = bmc === undefined ? 'BMCs' : `${bmc} - BMCs`;
  }, [bmc]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <a class="home" href="#/">
          BMCs
        </a>
        <span class="who">
          {me.name} <span class="hint">({me.role})</span>
        </span>
        <Scheme />
        <button type="button" onClick={() => void api.logOut()}>
          Log out
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        {bmc === undefined ? (
          <Fleet api={api} />
        ) : (
          <BmcPage key={bmc} api={api} bmc={bmc} tab={place.tab || 'overview'} />
        )}
      </main>
    </>
  );
}
