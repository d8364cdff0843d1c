import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";
import "./styles/table.css";
import "./styles/app.css";
import "./styles/access.css";
import "./styles/reports.css";
import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { createQueryClient } from "./app/queries";
import { createAppRouter, startPage } from "./app/router";
import { forgetUser } from "./app/session";
import { initI18n } from "./lib/i18n";
import { locale } from "./lib/i18n/language";
import { createTransport } from "./lib/transport";

const texts = initI18n();

const queryClient = createQueryClient();
const transport = createTransport(() => {
  // Of several answers that the session is gone, the first leads to the login. Whoever never had one is led by the routes.
  if (!forgetUser(queryClient)) return;
  const { pathname, search } = window.location;
  void router.navigate({ to: "/login", search: { next: pathname + search } }).then(() => queryClient.clear());
});
const router = createAppRouter({ queryClient, transport });
startPage(router, { queryClient, transport });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const place = createRoot(root);
void texts.then(() => place.render(
  <StrictMode>
    <I18nProvider locale={locale}>
      <TransportProvider transport={transport}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </TransportProvider>
    </I18nProvider>
  </StrictMode>,
));
