# pkgs.callPackage ./packaging/nix/package.nix { }
# Bounds are relaxed: nixpkgs has one version of each library, and navfeed's tests are to be run with
# those (`make test` in a shell of the result). Needs a nixpkgs with typer 0.27 or newer.
{
  lib,
  python3Packages,
}:

python3Packages.buildPythonApplication {
  pname = "navfeed";
  version = lib.head (
    builtins.match ".*__version__ = \"([^\"]+)\".*" (builtins.readFile ../../src/navfeed/version.py)
  );
  pyproject = true;
  src = lib.cleanSource ../..;

  build-system = [ python3Packages.hatchling ];
  pythonRelaxDeps = true;

  dependencies = with python3Packages; [
    filelock
    httpx
    platformdirs
    pydantic
    pystemmer
    rich
    sqlite-utils
    tomlkit
    typer
    tzdata
  ];

  optional-dependencies = with python3Packages; {
    serve = [
      jinja2
      nh3
      starlette
      uvicorn
    ];
    postgres = [ psycopg ];
    xlsx = [ xlsxwriter ];
    parquet = [ pyarrow ];
  };

  # The wheel installs manual pages and completions under share, as Nix wants them.
  doCheck = false;
  pythonImportsCheck = [ "navfeed" ];

  meta = {
    description = "Exact, lawful, queryable local copy of NAV's job vacancy feed";
    license = lib.licenses.mit;
    mainProgram = "navfeed";
    platforms = lib.platforms.unix;
  };
}
