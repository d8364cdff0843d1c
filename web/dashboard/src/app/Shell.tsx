import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { type Language, language, languages, setLanguage } from "../lib/i18n/language";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Mark, Person } from "../ui/icons";
import { MenuButton } from "../ui/MenuButton";
import { setTheme, useThemeChoice } from "../ui/theme";
import { ProjectMenu } from "./projects/ProjectMenu";
import { useCurrentUser, useLogout } from "./session";
import { VerifyBanner } from "./VerifyBanner";

/** The frame of every page behind the login. */
export function Shell() {
  const { t } = useTranslation();
  return (
    <>
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <VerifyBanner />
      <header className="topbar">
        <div className="topbar-inner">
          <Link to="/projects" className="brand">
            <Mark />
            <span className="brand-name">{t("app.name")}</span>
          </Link>
          <ProjectMenu />
          <span className="spacer" />
          <UserMenu />
        </div>
      </header>
      <Outlet />
    </>
  );
}

function UserMenu() {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const navigate = useNavigate();
  const logout = useLogout();
  const theme = useThemeChoice();
  const label = t("nav.account", { name: user?.name ?? "" });
  const themes = { system: t("nav.themeSystem"), light: t("nav.themeLight"), dark: t("nav.themeDark") };
  return (
    <MenuButton
      label={label}
      menuLabel={label}
      look="quiet"
      className="avatar"
      header={
        <p className="menu-who">
          <bdi className="menu-who-name">{user?.name}</bdi>
          <bdi className="muted">{user?.email}</bdi>
        </p>
      }
      groups={[
        {
          choices: [
            { id: "profile", label: t("nav.profile"), onChoose: () => void navigate({ to: "/account/profile" }) },
            { id: "sessions", label: t("nav.sessions"), onChoose: () => void navigate({ to: "/account/sessions" }) },
            { id: "tokens", label: t("nav.tokens"), onChoose: () => void navigate({ to: "/account/tokens" }) },
          ],
        },
        ...(user?.isOperator
          ? [{ choices: [{ id: "operator", label: t("nav.operator"), onChoose: () => void navigate({ to: "/operator/health" }) }] }]
          : []),
        {
          title: t("nav.theme"),
          choices: (["system", "light", "dark"] as const).map((id) => ({
            id,
            label: themes[id],
            selected: id === theme,
            onChoose: () => setTheme(id),
          })),
        },
        {
          title: t("nav.language"),
          choices: (Object.keys(languages) as Language[]).map((id) => ({
            id,
            label: <span lang={id}>{languages[id]}</span>,
            text: languages[id],
            selected: id === language,
            onChoose: () => setLanguage(id),
          })),
        },
        { choices: [{ id: "logout", label: t("nav.logout"), onChoose: () => void logout() }] },
      ]}
    >
      <Person />
    </MenuButton>
  );
}
