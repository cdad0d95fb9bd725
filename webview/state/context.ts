import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type PanelActions } from './actions.js';
import { type JobActions } from './jobActions.js';
import { type ProjectActions } from './projectActions.js';
import { type PanelStore } from './store.js';

/** What every view of the page is given. */
export interface Panel {
  readonly store: PanelStore;
  readonly actions: PanelActions;
  readonly projects: ProjectActions;
  readonly jobs: JobActions;
}

const PanelContext = createContext<Panel | null>(null);
export const PanelProvider = PanelContext.Provider;

/** The page's store and actions; for views below {@link PanelProvider} only. */
export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (!panel) throw new Error('A view was drawn outside the panel.');
  return panel;
}
